#include "tests/bpf/support/child.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bpf/support/cgroup_lab.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

namespace nsobs {
namespace {

constexpr int kOwnNamespaces = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS |
                               CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_NEWTIME;
constexpr int kBroken = 250;  // exit code of a child whose preparation failed

void BringLoopbackUp() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) _exit(kBroken);
  close(fd);
}

[[noreturn]] void DoDeed(const ChildOptions& options, const Deed& deed, Line& line) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "deed");
  if (options.cgroup != nullptr && !options.cgroup->Join()) _exit(kBroken);
  if (options.uid != 0 && setresuid(options.uid, options.uid, options.uid) != 0) _exit(kBroken);
  if (options.uid != 0) prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of uid clears it
  line.Send(ReadOwnFacts());
  line.Pause();
  _exit(deed(line));
}

// The way into namespaces of its own: [unshare] -> init -> the one who does the deed.
[[noreturn]] void Descend(const ChildOptions& options, const Deed& deed, Line& line,
                          int status_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (unshare(kOwnNamespaces) != 0) _exit(kBroken);
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(kBroken);
  BringLoopbackUp();
  for (int depth = options.init ? 1 : 2; depth > 0; --depth) {
    const pid_t pid = fork();
    if (pid < 0) _exit(kBroken);
    if (pid > 0) {
      int status = 0;
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
      if (depth == 1) (void)!write(status_fd, &status, sizeof status);
      _exit(0);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  DoDeed(options, deed, line);
}

}  // namespace

const char* PlaceName(Place place) { return place == Place::kHost ? "host" : "own"; }

bool Line::SendBytes(const void* data, size_t size) {
  return send(fd_.get(), data, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

bool Line::ReceiveBytes(void* data, size_t size) {
  ssize_t got;
  do {
    got = recv(fd_.get(), data, size, 0);
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(size);
}

Child::Child(const ChildOptions& options, const Deed& deed)
    : nested_(options.place == Place::kOwn) {
  int line[2], status[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) != 0 ||
      pipe2(status, O_CLOEXEC) != 0) {
    ADD_FAILURE() << strerror(errno);
    return;
  }
  pid_ = fork();
  if (pid_ == 0) {
    Line own{UniqueFd(line[1])};
    close(line[0]);
    close(status[0]);
    if (options.netns_fd >= 0 && setns(options.netns_fd, CLONE_NEWNET) != 0) _exit(kBroken);
    if (nested_) Descend(options, deed, own, status[1]);
    DoDeed(options, deed, own);
  }
  close(line[1]);
  close(status[1]);
  const timeval limit{20, 0};
  setsockopt(line[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  line_ = std::make_unique<Line>(UniqueFd(line[0]));
  status_ = UniqueFd(status[0]);
  facts_ = line_->Receive<Facts>();
  EXPECT_NE(facts_.pid, 0u) << "the child could not be prepared";
}

Child::~Child() {
  if (pid_ <= 0 || reaped_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Child::Go() { line_->Send('g'); }

int Child::Wait() {
  int status = -1, direct = -1;
  if (nested_ && read(status_.get(), &status, sizeof status) != sizeof status) {
    ADD_FAILURE() << "no status of the child";
  }
  waitpid(pid_, &direct, 0);
  reaped_ = true;
  return nested_ ? status : direct;
}

void Child::Run() {
  Go();
  const int status = Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "status " << status << " (exit code " << WEXITSTATUS(status) << ")";
}

}  // namespace nsobs
