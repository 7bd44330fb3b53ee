// The list of system calls of a child, by libseccomp(3).
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "userspace/base/call_filter.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/sandbox.h"
#include "userspace/snapshot/sealed_open.h"

namespace nsobs {
namespace {

// Nothing here changes a file, another process or the machine.
constexpr std::array kAllowed = {
    // descriptors and files, to read
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(preadv2),
    SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup),
    SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat),
    SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64),
    SCMP_SYS(fcntl), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(fadvise64), SCMP_SYS(getxattr),
    SCMP_SYS(lgetxattr), SCMP_SYS(fgetxattr), SCMP_SYS(epoll_create1),
    // sockets that exist, all of them netlink
    SCMP_SYS(bind), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(select),
    SCMP_SYS(pselect6),
    // memory, time, self
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(sched_yield), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(getrlimit), SCMP_SYS(getrusage), SCMP_SYS(sched_getaffinity)};

// Whoever tries these is not our code any more.
constexpr std::array kDeadly = {SCMP_SYS(execve),
                                SCMP_SYS(execveat),
                                SCMP_SYS(ptrace),
                                SCMP_SYS(process_vm_writev),
                                SCMP_SYS(mount),
                                SCMP_SYS(umount2),
                                SCMP_SYS(move_mount),
                                SCMP_SYS(open_tree),
                                SCMP_SYS(fsopen),
                                SCMP_SYS(pivot_root),
                                SCMP_SYS(chroot),
                                SCMP_SYS(unshare),
                                SCMP_SYS(bpf),
                                SCMP_SYS(perf_event_open),
                                SCMP_SYS(init_module),
                                SCMP_SYS(finit_module),
                                SCMP_SYS(kexec_load),
                                SCMP_SYS(kill),
                                SCMP_SYS(tkill),
                                SCMP_SYS(pidfd_send_signal),
                                SCMP_SYS(io_uring_setup),
                                SCMP_SYS(keyctl)};

// Flags of open(2) that write, make, or cut a file.
constexpr scmp_datum_t kWriting =
    O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);

void AddConditional(CallFilter* rules) {
  rules->AllowIf(SCMP_SYS(open), {Without(1, kWriting)});
  rules->AllowIf(SCMP_SYS(openat), {Without(2, kWriting)});
  // The one read-only argument; see sealed_open.h. Nothing may make its page writable.
  rules->AllowIf(SCMP_SYS(openat2),
                 {Equals(2, reinterpret_cast<scmp_datum_t>(SealedCachedOpen()))});
  rules->AllowIf(SCMP_SYS(socket), {Equals(0, AF_NETLINK)});
  // No code comes in: neither dlopen nor anything else can map some.
  rules->AllowIf(SCMP_SYS(mmap), {Without(2, PROT_EXEC), Without(3, MAP_FIXED)});
  rules->AllowIf(SCMP_SYS(mremap), {Without(3, MREMAP_FIXED)});
  // The namespaces of a target that may be entered: never pid, user, mnt.
  for (const scmp_datum_t kind : {CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS})
    rules->AllowIf(SCMP_SYS(setns), {Equals(1, kind)});
}

}  // namespace

absl::StatusOr<SyscallFilter> SyscallFilter::Build() {
  if (SealedCachedOpen() == nullptr) return absl::ResourceExhaustedError("no memory for a page");
  CallFilter rules;
  rules.Optimize();  // a child makes thousands of calls
  rules.Allow(kAllowed);
  rules.Kill(kDeadly);
  AddConditional(&rules);
  SyscallFilter out;
  NSOBS_ASSIGN_OR_RETURN(out.program_, rules.Export());
  return out;
}

}  // namespace nsobs
