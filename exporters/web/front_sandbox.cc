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
#include <memory>

#include "absl/strings/str_cat.h"
#include "userspace/base/fd.h"
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

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

absl::Status Rule(scmp_filter_ctx filter, uint32_t action, int call) {
  const int result = seccomp_rule_add(filter, action, call, 0);
  // A call that this machine doesn't know can't be made either.
  return result == 0 || result == -EDOM ? absl::OkStatus() : ErrnoStatus(-result, "seccomp rule");
}

absl::Status RuleIf(scmp_filter_ctx filter, int call, scmp_arg_cmp condition) {
  const int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition);
  return result == 0 || result == -EDOM ? absl::OkStatus() : ErrnoStatus(-result, "seccomp rule");
}

absl::Status FilterCalls() {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (filter == nullptr) return absl::InternalError("seccomp_init");
  for (const int call : kAllowed) NSOBS_RETURN_IF_ERROR(Rule(filter.get(), SCMP_ACT_ALLOW, call));
  for (const int call : kDeadly) {
    NSOBS_RETURN_IF_ERROR(Rule(filter.get(), SCMP_ACT_KILL_PROCESS, call));
  }
  // Its flags stand in memory, where no filter sees them: clone(2) is taken in its place.
  NSOBS_RETURN_IF_ERROR(Rule(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3)));
  NSOBS_RETURN_IF_ERROR(
      RuleIf(filter.get(), SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}));
  // No code comes in.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    NSOBS_RETURN_IF_ERROR(RuleIf(filter.get(), call, {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}));
  }
  NSOBS_RETURN_IF_ERROR(
      RuleIf(filter.get(), SCMP_SYS(mremap), {3, SCMP_CMP_MASKED_EQ, MREMAP_FIXED, 0}));
  // Names of threads, and of memory: what the C library does by itself.
  for (const scmp_datum_t what : {PR_SET_NAME, PR_SET_VMA}) {
    NSOBS_RETURN_IF_ERROR(RuleIf(filter.get(), SCMP_SYS(prctl), {0, SCMP_CMP_EQ, what, 0}));
  }
  const int result = seccomp_load(filter.get());
  return result == 0 ? absl::OkStatus() : ErrnoStatus(-result, "seccomp");
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
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus(errno, "no_new_privs");
  constexpr rlimit kNone = {0, 0};
  if (setrlimit(RLIMIT_CORE, &kNone) != 0) return ErrnoStatus(errno, "setrlimit");
  capng_clear(CAPNG_SELECT_ALL);
  capng_apply(CAPNG_SELECT_BOUNDS);  // a second lock only, so it may fail
  capng_get_caps_process();
  NSOBS_RETURN_IF_ERROR(BecomeNobody());
  capng_clear(CAPNG_SELECT_ALL);
  if (capng_apply(static_cast<capng_select_t>(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT)) != 0) {
    return absl::InternalError("capabilities can't be dropped");
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return ErrnoStatus(errno, "dumpable");
  NSOBS_RETURN_IF_ERROR(HideFiles());
  return FilterCalls();
}

}  // namespace nsobs
