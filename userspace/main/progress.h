// A sign of life on a terminal while something takes longer than a second.
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/time/time.h"
#include "userspace/base/fd.h"

namespace nsobs {

// From its making to its end, "nsobserver: TEXT, 3 s" stands on one line of the terminal behind
// `fd`, which is taken away again. Nothing is written where `fd` is no terminal, or before the
// delay is over: scripts and quick answers see nothing of it. A child process writes it, so that no
// thread runs beside code that forks; make it before threads are started. The child ends with its
// parent.
class Progress {
 public:
  Progress(int fd, const std::string& text) : Progress(fd, text, absl::Seconds(1), false) {}
  // `anyway`: also to what is no terminal, for tests.
  Progress(int fd, const std::string& text, absl::Duration delay, bool anyway);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { Done(); }

  // Ends it; whoever writes to the terminal next has a clean line.
  void Done();

 private:
  pid_t child_ = -1;
  UniqueFd stop_;  // the child ends when this is written to
};

}  // namespace nsobs
