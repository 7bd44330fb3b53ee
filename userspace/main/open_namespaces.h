// The namespaces of a process, held open and verified to be the ones that were meant.
#pragma once

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/main/live_target.h"

namespace nsobs {

struct OpenNamespaces {
  std::vector<std::pair<NamespaceKind, UniqueFd>> fds;  // in the order that was asked for
  UniqueFd root;  // /proc/PID/root, for reading files as the target sees them, if asked for
};

// Where the target already shares the namespace with us nothing is opened. NOT_FOUND: the process
// ended, or its namespaces are others by now; PERMISSION_DENIED.
absl::StatusOr<OpenNamespaces> OpenForEntry(LiveTarget& live,
                                            const std::vector<NamespaceKind>& kinds,
                                            bool with_root);

// Enters it. PERMISSION_DENIED tells which.
absl::Status Join(NamespaceKind kind, int fd);

}  // namespace nsobs
