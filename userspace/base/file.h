// Reading files of the host with a bound on their size. Not for files that a container controls.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace nsobs {

// The whole of a regular file (or one of procfs, sysfs, cgroupfs) of at most `cap_bytes`;
// RESOURCE_EXHAUSTED if it is longer, FAILED_PRECONDITION if it isn't a regular file.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t cap_bytes);

// The target of a symbolic link, e.g. "net:[4026531833]" of /proc/self/ns/net.
absl::StatusOr<std::string> ReadLink(const std::string& path);

}  // namespace nsobs
