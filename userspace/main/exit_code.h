// What the process tells its caller. A contract: scripts rely on it.
#pragma once

#include "absl/status/status.h"

namespace nsobs {

enum ExitCode : int {
  kExitDone = 0,
  kExitNothing = 1,      // the answer is no, or nothing was found
  kExitUsage = 2,        // wrong use or bad input
  kExitUnsupported = 3,  // not permitted or not supported here
};

// NOT_FOUND 1, INVALID_ARGUMENT and OUT_OF_RANGE 2, everything else 3.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace nsobs
