// How many instructions each deed takes, in a guest whose nanoseconds are instructions (-icount):
//
//   cost DEED NANOSECONDS
//
// The least of many rounds: an interrupt or another process in a round adds to it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

namespace {

constexpr int kRounds = 30;

double NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void Measure(const char* name, int calls, const std::function<void()>& deed) {
  double least = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    const double start = NowNs();
    for (int i = 0; i < calls; ++i) deed();
    least = std::min(least, (NowNs() - start) / calls);
  }
  printf("cost %s %.1f\n", name, least);
  fflush(stdout);
}

sockaddr_in Address(uint32_t address, uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(address);
  return out;
}

void ConnectTcp() {
  const sockaddr_in to = Address(INADDR_LOOPBACK, 1);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  close(fd);
}

void ConnectUnix() {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  strcpy(to.sun_path, "/none");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  close(fd);
}

// A UDP datagram to a port where nobody is: an ICMP error comes back. Also a packet each way for
// the programs that look for DNS.
void SendUdp() {
  const sockaddr_in to = Address(INADDR_LOOPBACK, 1);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  (void)connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  (void)send(fd, "x", 1, 0);
  close(fd);
}

// An address that is not here.
void BindRefused() {
  const sockaddr_in at = Address(0x08080808, 0);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at);
  close(fd);
}

// ELOOP: told whoever asks.
void OpenRefused() {
  const int fd = open("/proc/self/exe", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0) close(fd);
}

void ForkAndExit() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
}

void ForkAndExec() {
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/busybox", "true", nullptr);
    _exit(1);
  }
  waitpid(child, nullptr, 0);
}

void MakeCgroup() {
  mkdir("/sys/fs/cgroup/cost", 0755);
  rmdir("/sys/fs/cgroup/cost");
}

}  // namespace

int main() {
  signal(SIGTERM, SIG_IGN);
  signal(SIGUSR1, [](int) {});
  const int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  Measure("getppid", 500, [] { syscall(SYS_getppid); });
  Measure("read", 500, [] {
    char byte;
    (void)!read(-1, &byte, 1);
  });
  Measure("connect_tcp_refused", 10, ConnectTcp);
  Measure("connect_unix_missing", 10, ConnectUnix);
  Measure("kill_ignored", 50, [] { kill(getpid(), SIGTERM); });
  Measure("kill_handled", 50, [] { kill(getpid(), SIGUSR1); });
  Measure("unshare_setns", 10, [uts] {
    (void)unshare(CLONE_NEWUTS);
    (void)setns(uts, CLONE_NEWUTS);
  });
  Measure("udp_refused", 10, SendUdp);
  Measure("bind_refused", 10, BindRefused);
  Measure("open_refused", 10, OpenRefused);
  Measure("cgroup_made", 5, MakeCgroup);
  Measure("fork_exit", 3, ForkAndExit);
  Measure("fork_exec", 3, ForkAndExec);
  return 0;
}
