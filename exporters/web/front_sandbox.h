// What the front gives up before it takes a connection.
#pragma once

#include "absl/status/status.h"

namespace nsobs {

// For this process and its threads, of which there must be none yet. Afterwards it is nobody (where
// it may change its user; else it stays who it was), without capabilities and new privileges, not
// dumpable, sees no file (Landlock, where the kernel has it), and may make no system call but those
// that move bytes between descriptors which it holds, take connections and start threads; any other
// fails with EPERM, and what only an intruder would try ends it. Errors name the step.
absl::Status EnterFrontSandbox();

}  // namespace nsobs
