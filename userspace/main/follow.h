// Looking again and again until a person has seen enough.
#pragma once

#include "absl/functional/function_ref.h"

namespace nsobs {

// Calls `work` with a function that sleeps until the next look; it returns false on SIGINT or
// SIGTERM, or when nobody reads stdout any more. Meanwhile these signals are blocked in the calling
// thread and SIGPIPE is ignored.
int FollowUntilSignal(absl::FunctionRef<int(absl::FunctionRef<bool()> wait)> work);

}  // namespace nsobs
