// The root of the unified cgroup hierarchy, where a program sees the packets of every process.
#pragma once

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"

namespace nsobs {

// FAILED_PRECONDITION if it isn't mounted here, or only a part of it is (in a cgroup namespace).
absl::StatusOr<UniqueFd> OpenUnifiedRoot();

}  // namespace nsobs
