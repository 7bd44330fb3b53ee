#include "exporters/web/front_sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "userspace/base/call_filter.h"
#include "userspace/base/fd.h"
#include "userspace/base/privileges.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr uid_t kNobody = 65534;

constexpr std::array kAllowed = {
    // descriptors that are there, and connections that come
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(accept4), SCMP_SYS(shutdown),
    SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(getsockopt), SCMP_SYS(fcntl),
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek),
    // memory, time, threads, self
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(sched_yield),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(sched_getaffinity), SCMP_SYS(sysinfo)};

// Whoever tries these is not our code any more.
constexpr std::array kDeadly = {SCMP_SYS(execve),
                                SCMP_SYS(execveat),
                                SCMP_SYS(ptrace),
                                SCMP_SYS(bpf),
                                SCMP_SYS(mount),
                                SCMP_SYS(unshare),
                                SCMP_SYS(setns),
                                SCMP_SYS(kill),
                                SCMP_SYS(tkill),
                                SCMP_SYS(connect),
                                SCMP_SYS(io_uring_setup),
                                SCMP_SYS(process_vm_readv),
                                SCMP_SYS(process_vm_writev)};

absl::Status FilterCalls() {
  CallFilter filter;
  filter.Allow(kAllowed);
  filter.Kill(kDeadly);
  // Its flags stand in memory, where no filter sees them: clone(2) is taken in its place.
  filter.Add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  filter.AllowIf(SCMP_SYS(clone), {With(0, CLONE_THREAD)});
  // No code comes in.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    filter.AllowIf(call, {Without(2, PROT_EXEC)});
  }
  filter.AllowIf(SCMP_SYS(mremap), {Without(3, MREMAP_FIXED)});
  // Names of threads, and of memory: what the C library does by itself.
  for (const scmp_datum_t what : {PR_SET_NAME, PR_SET_VMA}) {
    filter.AllowIf(SCMP_SYS(prctl), {Equals(0, what)});
  }
  return filter.Load();
}

// Every right on files that the kernel's version knows is taken, and none given back.
absl::Status HideFiles() {
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return absl::OkStatus();  // before 5.13, or not enabled: seccomp opens none
  landlock_ruleset_attr rights{};
  rights.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // those of version 1
  const UniqueFd rules(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0)));
  if (!rules.ok() || syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
    return ErrnoStatus(errno, "landlock");
  }
  return absl::OkStatus();
}

absl::Status BecomeNobody() {
  if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) == 0 ||
      capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID) == 0) {
    return absl::OkStatus();
  }
  if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0) {
    return ErrnoStatus(errno, "becoming nobody");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EnterFrontSandbox() {
  constexpr rlimit kNone = {0, 0};
  if (setrlimit(RLIMIT_CORE, &kNone) != 0) return ErrnoStatus(errno, "setrlimit");
  NSOBS_RETURN_IF_ERROR(GiveUpPrivileges({}, BecomeNobody));
  NSOBS_RETURN_IF_ERROR(HideFiles());
  return FilterCalls();
}

}  // namespace nsobs
