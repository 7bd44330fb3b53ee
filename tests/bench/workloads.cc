#include "tests/bench/workloads.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nsobs::bench {
namespace {

void Must(bool right, const char* what) {
  if (right) return;
  perror(what);
  _exit(1);
}

sockaddr* Generic(sockaddr_in* address) { return reinterpret_cast<sockaddr*>(address); }

}  // namespace

void GetPid::operator()() { syscall(SYS_getpid); }

ReadZero::ReadZero() : zero(open("/dev/zero", O_RDONLY | O_CLOEXEC)) {
  Must(zero.ok(), "/dev/zero");
}

void ReadZero::operator()() {
  char byte;
  Must(read(zero.get(), &byte, 1) == 1, "read /dev/zero");
}

// A port that was just bound and closed again.
RefusedConnect::RefusedConnect() {
  closed_port.sin_family = AF_INET;
  closed_port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Must(bind(fd.get(), Generic(&closed_port), sizeof closed_port) == 0, "bind");
  socklen_t size = sizeof closed_port;
  Must(getsockname(fd.get(), Generic(&closed_port), &size) == 0, "getsockname");
}

void RefusedConnect::operator()() {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int result = connect(fd.get(), Generic(&closed_port), sizeof closed_port);
  Must(result != 0 && errno == ECONNREFUSED, "connect to a closed port");
}

IgnoredKill::IgnoredKill() {
  int ready[2];
  Must(pipe2(ready, O_CLOEXEC) == 0, "pipe");
  const UniqueFd reading(ready[0]), writing(ready[1]);
  child = fork();
  Must(child >= 0, "fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, SIG_IGN);
    (void)!write(writing.get(), "", 1);
    while (true) pause();
  }
  char byte;
  Must(read(reading.get(), &byte, 1) == 1, "the child");
}

IgnoredKill::~IgnoredKill() {
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

void IgnoredKill::operator()() { Must(kill(child, SIGTERM) == 0, "kill"); }

HandledKill::HandledKill() : self(getpid()) {
  signal(SIGTERM, [](int) {});
}

HandledKill::~HandledKill() { signal(SIGTERM, SIG_DFL); }

void HandledKill::operator()() { Must(kill(self, SIGTERM) == 0, "kill"); }

UnshareSetns::UnshareSetns() : own(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC)) {
  Must(own.ok(), "/proc/self/ns/uts");
}

void UnshareSetns::operator()() {
  Must(unshare(CLONE_NEWUTS) == 0, "unshare");
  Must(setns(own.get(), CLONE_NEWUTS) == 0, "setns");
}

}  // namespace nsobs::bench
