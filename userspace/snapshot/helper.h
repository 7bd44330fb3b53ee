// The helper: a process with nothing but a socket, which forks a child for each snapshot and ends
// it when its time is over. It reads nothing of a container itself.
#pragma once

#include <functional>

#include "userspace/base/fd.h"

namespace nsobs {

struct HelperOptions {
  // Tests only: runs in the child before it looks at anything.
  std::function<void()> before_child;
};

// Serves requests that come over `socket` (SOCK_SEQPACKET) until its other end is closed. Never
// returns. Call it in a process of its own with one thread; all other descriptors are closed.
[[noreturn]] void RunHelper(UniqueFd socket, const HelperOptions& options);

}  // namespace nsobs
