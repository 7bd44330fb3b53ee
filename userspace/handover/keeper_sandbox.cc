#include "userspace/handover/keeper_sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <memory>

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

absl::Status Added(int result) {
  // A call that this machine doesn't know can't be made either.
  return result == 0 || result == -EDOM ? absl::OkStatus() : ErrnoStatus(-result, "seccomp rule");
}

absl::Status FilterCalls() {
  using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (filter == nullptr) return absl::InternalError("seccomp_init");
  for (const int call : kAllowed) {
    NSOBS_RETURN_IF_ERROR(Added(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0)));
  }
  // Memory, and no code.
  const scmp_arg_cmp no_code = {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
  NSOBS_RETURN_IF_ERROR(
      Added(seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_code)));
  const int result = seccomp_load(filter.get());
  return result == 0 ? absl::OkStatus() : ErrnoStatus(-result, "seccomp");
}

}  // namespace

absl::Status EnterKeeperSandbox() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus(errno, "no_new_privs");
  constexpr rlimit kNone = {0, 0};
  if (setrlimit(RLIMIT_CORE, &kNone) != 0) return ErrnoStatus(errno, "setrlimit");
  capng_clear(CAPNG_SELECT_ALL);
  capng_apply(CAPNG_SELECT_BOUNDS);  // a second lock only, so it may fail
  capng_get_caps_process();
  capng_clear(CAPNG_SELECT_ALL);
  if (capng_apply(static_cast<capng_select_t>(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT)) != 0) {
    return absl::InternalError("capabilities can't be dropped");
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return ErrnoStatus(errno, "dumpable");
  return FilterCalls();
}

}  // namespace nsobs
