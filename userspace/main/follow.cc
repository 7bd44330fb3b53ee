#include "userspace/main/follow.h"

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace nsobs {
namespace {

constexpr long kLookEveryNs = 100 * 1000 * 1000;

bool SleepOrEnd(const sigset_t& ending) {
  const timespec pause = {0, kLookEveryNs};
  if (sigtimedwait(&ending, nullptr, &pause) > 0) return false;
  pollfd out = {STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) <= 0 || (out.revents & POLLERR) == 0;
}

}  // namespace

int FollowUntilSignal(absl::FunctionRef<int(absl::FunctionRef<bool()> wait)> work) {
  sigset_t ending, before;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, &before);
  const auto pipe_before = signal(SIGPIPE, SIG_IGN);
  const int code = work([&] { return SleepOrEnd(ending); });
  signal(SIGPIPE, pipe_before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return code;
}

}  // namespace nsobs
