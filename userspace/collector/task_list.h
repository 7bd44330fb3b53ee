// A pass of the kernel's task iterator, and what it gave.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "userspace/event/host_task.h"

namespace nsobs {

// `link_fd` is the iterator's link; borrowed. Fails if the pass fails, or gives more than 128 MiB
// (780,000 processes); FAILED_PRECONDITION if this process isn't in the host's pid namespace: the
// iterator shows its reader's one and those below. Blocks for about a microsecond a task.
absl::StatusOr<std::vector<HostTask>> ReadTasks(int link_fd);

}  // namespace nsobs
