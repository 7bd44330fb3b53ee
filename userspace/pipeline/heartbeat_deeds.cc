#include "userspace/pipeline/heartbeat_deeds.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <initializer_list>
#include <thread>

#include "userspace/base/fd.h"

namespace nsobs {
namespace {

// Every deed fails, but for the signal and the thread, and changes nothing. What each must make run
// stands in ProgramTable(): an enter and a return count alike.

// The only signal whose default is to be ignored and that nothing else here uses.
constexpr int kBeatSignal = SIGURG;

void BeatSignal() {
  // tgkill(2): by its return the handler has run.
  syscall(SYS_tgkill, getpid(), gettid(), kBeatSignal);
}

// To a port that is ours and where nobody listens. Without blocking: SYN_SENT is all that is
// wanted.
void BeatTcp() {
  const UniqueFd bound(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd socket_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(bound.get(), generic, size) != 0) return;
  if (getsockname(bound.get(), generic, &size) != 0) return;
  connect(socket_fd.get(), generic, size);
}

// A name in the abstract space that no one has: connect fails at once, and so does a bind whose
// family is another's, and listening on a datagram socket.
void BeatUnix() {
  const UniqueFd stream(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd datagram(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_un nobody{AF_UNIX, "\0nsobserver heartbeat, bound by nobody"};
  connect(stream.get(), reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody);
  const sockaddr_in wrong{};
  bind(stream.get(), reinterpret_cast<const sockaddr*>(&wrong), sizeof wrong);
  listen(datagram.get(), 1);
}

// Whatever the kernel's function says to this deed, it is `expected`: anything else was said by a
// seccomp filter around us, and the function never ran (systemd.exec(5): RestrictSUIDSGID= answers
// openat2 with ENOSYS, RestrictNamespaces= clone3).
void Expect(long result, int expected, std::initializer_list<std::string_view> sources,
            std::vector<std::string_view>* barred) {
  if (result != -1 || errno != expected) barred->insert(barred->end(), sources);
}

// Refused for their arguments, before anything is done: ksys_unshare(), copy_process(). With the
// flag of net namespaces, which our unit may use.
void BeatNamespaces(std::vector<std::string_view>* barred) {
  Expect(syscall(SYS_setns, -1, CLONE_NEWNET), EBADF, {"setns_call", "setns_return"}, barred);
  Expect(syscall(SYS_unshare, 1), EINVAL, {"unshare_call", "unshare_return"}, barred);
  Expect(syscall(SYS_clone, CLONE_NEWNET | CLONE_SIGHAND, 0, nullptr, nullptr, 0), EINVAL,
         {"clone_failure"}, barred);
  Expect(syscall(SYS_clone3, nullptr, 0), EINVAL, {"clone3_failure"}, barred);
  std::thread([] {}).join();
}

// An empty path is no path; the two that are opened all the time fail with what the program tells.
void BeatFiles(std::vector<std::string_view>* barred) {
#ifdef SYS_open
  syscall(SYS_open, "/proc/self/exe", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  syscall(SYS_creat, "", 0);
  syscall(SYS_mkdir, "", 0);
  syscall(SYS_unlink, "");
  syscall(SYS_rmdir, "");
  syscall(SYS_rename, "", "");
#endif
  syscall(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  open_how how{};
  Expect(syscall(SYS_openat2, AT_FDCWD, "", &how, sizeof how), ENOENT, {"file_openat2"}, barred);
  syscall(SYS_mkdirat, AT_FDCWD, "", 0);
  syscall(SYS_unlinkat, AT_FDCWD, "", 0);
#ifdef SYS_renameat
  syscall(SYS_renameat, AT_FDCWD, "", AT_FDCWD, "");
#endif
  syscall(SYS_renameat2, AT_FDCWD, "", AT_FDCWD, "", 0);
  syscall(SYS_mount, "", "", "", 0, nullptr);
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (full.ok()) syscall(SYS_write, full.get(), "", 1);  // ENOSPC: full(4)
}

}  // namespace

void InstallBeatHandler() {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(kBeatSignal, &action, nullptr);
}

std::vector<std::string_view> DoDeeds(bool with_files) {
  std::vector<std::string_view> barred;
  BeatSignal();
  BeatTcp();
  BeatUnix();
  BeatNamespaces(&barred);
  if (with_files) BeatFiles(&barred);
  return barred;
}

}  // namespace nsobs
