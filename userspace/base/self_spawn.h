// Starting the own program anew, for a process that must hold nothing of ours.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nsobs {

struct GivenFd {
  int fd = -1;  // ours, close-on-exec, and above all of the numbers below
  int as = -1;  // what the other finds it as
};

// The program that runs, also when its file has been replaced meanwhile, with `words` after its
// name, an empty environment, the descriptors of `given` beside those that aren't close-on-exec, no
// blocked signal and the default handlers. The child is the caller's to wait for. Errors: the errno
// of posix_spawn. Thread-safe.
absl::StatusOr<pid_t> SpawnSelf(const std::vector<std::string>& words,
                                const std::vector<GivenFd>& given);

struct ChildEnd {
  bool ended = false;
  bool killed = false;  // by a signal
  std::string text;     // "exit code 1", "killed by signal 9"
};

// The child stays to be waited for, so that its pid stays its own.
ChildEnd EndOfChild(pid_t pid);

}  // namespace nsobs
