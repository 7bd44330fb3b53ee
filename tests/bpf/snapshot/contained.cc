#include "tests/bpf/snapshot/contained.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "userspace/base/file.h"

namespace nsobs {
namespace {

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) abort();
    out = UniqueFd(ends[0]);
    in = UniqueFd(ends[1]);
  }
  template <typename T>
  void Send(const T& value) const {
    if (write(in.get(), &value, sizeof value) != sizeof value) _exit(99);
  }
  template <typename T>
  T Receive() const {
    T value{};
    return read(out.get(), &value, sizeof value) == sizeof value ? value : T{};
  }
  UniqueFd in, out;
};

// It says that it is ready before it waits.
bool WaitUntilAsleep(uint32_t pid) {
  const std::string expected = std::to_string(SYS_rt_sigsuspend) + " ";
  for (int i = 0; i < 10'000; ++i) {
    const auto text = ReadSmallFile("/proc/" + std::to_string(pid) + "/syscall", 4096);
    if (text.ok() && text->starts_with(expected)) return true;
    usleep(1000);
  }
  return false;
}

}  // namespace

Contained::Contained(const Options& options) {
  Pipe pids, go, ready;
  outer_ = fork();
  if (outer_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(options.namespaces) != 0 || (options.before_fork && !options.before_fork())) {
      _exit(1);
    }
    const pid_t inner = fork();
    if (inner == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      go.Receive<char>();
      ready.Send<char>(!options.inside || options.inside() ? 'y' : 'n');
      sigset_t mask;  // as it is: what is set up inside stays to be seen
      sigprocmask(SIG_BLOCK, nullptr, &mask);
      while (true) sigsuspend(&mask);
    }
    pids.Send(static_cast<uint32_t>(inner));
    pids.in.reset();
    ready.in.reset();
    waitpid(inner, nullptr, 0);
    _exit(0);
  }
  pids.in.reset();
  ready.in.reset();
  pid_ = pids.Receive<uint32_t>();
  EXPECT_NE(pid_, 0) << "unshare";
  if (pid_ == 0) return;
  EXPECT_TRUE(!options.from_outside || options.from_outside(pid_));
  go.Send('g');
  EXPECT_EQ(ready.Receive<char>(), 'y') << "what is done inside";
  EXPECT_TRUE(WaitUntilAsleep(pid_));
  const std::string root = "/proc/" + std::to_string(pid_) + "/root";
  root_ = UniqueFd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

Contained::~Contained() {
  if (pid_ != 0) kill(static_cast<pid_t>(pid_), SIGKILL);
  waitpid(outer_, nullptr, 0);
}

}  // namespace nsobs
