#include "userspace/main/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

bool CanRewriteALine(int fd) {
  const char* term = getenv("TERM");
  return isatty(fd) == 1 && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

// The cursor stays in front of the line: a message of somebody else goes over it.
void Show(int fd, const char* text, int ticks, int64_t tick_ms) {
  char line[400];
  const int size = snprintf(line, sizeof(line), "\r\x1b[K%s, %d s\r", text,
                            static_cast<int>(ticks * tick_ms / 1000));
  if (size > 0) {
    const auto most = std::min<size_t>(static_cast<size_t>(size), sizeof(line) - 1);
    [[maybe_unused]] const ssize_t written = write(fd, line, most);
  }
}

[[noreturn]] void Tell(int fd, int stop, const char* text, int64_t tick_ms, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGINT, SIG_IGN);  // ^C is the parent's; it ends this by its end
  if (getppid() != parent) _exit(0);
  pollfd watched = {stop, POLLIN, 0};
  int ticks = 0;
  while (poll(&watched, 1, static_cast<int>(tick_ms)) == 0) Show(fd, text, ++ticks, tick_ms);
  constexpr std::string_view kErase = "\r\x1b[K";
  if (ticks > 0) {
    [[maybe_unused]] const ssize_t written = write(fd, kErase.data(), kErase.size());
  }
  _exit(0);
}

}  // namespace

Progress::Progress(int fd, const std::string& text, absl::Duration delay, bool anyway) {
  if (!anyway && !CanRewriteALine(fd)) return;
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return;  // it does without
  const UniqueFd in(ends[0]);
  stop_ = UniqueFd(ends[1]);
  const std::string line = absl::StrCat("nsobserver: ", ForTerminal(text).substr(0, 200));
  const pid_t parent = getpid();
  child_ = fork();
  if (child_ == 0) {
    stop_.reset();
    Tell(fd, in.get(), line.c_str(), std::max<int64_t>(1, absl::ToInt64Milliseconds(delay)),
         parent);
  }
}

void Progress::Done() {
  if (child_ <= 0) return;
  // Not only closed: a process that was forked meanwhile may have the pipe, too. This end can't
  // break the pipe, for the child reads until it ends.
  const char mark = 0;
  const auto before = signal(SIGPIPE, SIG_IGN);
  [[maybe_unused]] const ssize_t written = write(stop_.get(), &mark, 1);
  signal(SIGPIPE, before);
  stop_.reset();
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
}

}  // namespace nsobs
