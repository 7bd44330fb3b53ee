#include "userspace/handover/keeper_sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "userspace/base/call_filter.h"
#include "userspace/base/privileges.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr int kAllowed[] = {
    SCMP_SYS(poll),          SCMP_SYS(ppoll),           SCMP_SYS(accept4), SCMP_SYS(recvmsg),
    SCMP_SYS(recvfrom),      SCMP_SYS(sendto),          SCMP_SYS(sendmsg), SCMP_SYS(getsockopt),
    SCMP_SYS(geteuid),       SCMP_SYS(close),           SCMP_SYS(lstat),   SCMP_SYS(newfstatat),
    SCMP_SYS(fstatat64),     SCMP_SYS(statx),           SCMP_SYS(unlink),  SCMP_SYS(unlinkat),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(brk),     SCMP_SYS(munmap),
    SCMP_SYS(madvise),       SCMP_SYS(futex),           SCMP_SYS(exit),    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(restart_syscall)};

absl::Status FilterCalls() {
  CallFilter filter;
  filter.Allow(kAllowed);
  filter.AllowIf(SCMP_SYS(mmap), {Without(2, PROT_EXEC)});  // memory, and no code
  return filter.Load();
}

}  // namespace

absl::Status EnterKeeperSandbox() {
  constexpr rlimit kNone = {0, 0};
  if (setrlimit(RLIMIT_CORE, &kNone) != 0) return ErrnoStatus(errno, "setrlimit");
  NSOBS_RETURN_IF_ERROR(GiveUpPrivileges());
  return FilterCalls();
}

}  // namespace nsobs
