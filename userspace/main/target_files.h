// Small files of a target, read as it sees them without entering its mount namespace, and laid over
// the host's for one command.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nsobs {

// What a process needs to resolve names like the target; absent: the target has no such file.
struct NameFiles {
  std::optional<std::string> resolv_conf;
  std::optional<std::string> hosts;
};

// `root_fd` is the target's root. Links are followed inside of it only, and only a regular file of
// at most 64 KiB is read: whatever else the target may have put there is refused.
absl::StatusOr<NameFiles> ReadNameFiles(int root_fd);

// For this process and those that it starts, and nobody else: makes a mount namespace of its own in
// which these stand in the place of the host's.
absl::Status OverlayNameFiles(const NameFiles& files);

}  // namespace nsobs
