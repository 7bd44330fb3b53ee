// Reading from procfs and from descriptors with a bound.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace nsobs {

// What a descriptor still gives; RESOURCE_EXHAUSTED if that is more than `cap`.
absl::StatusOr<std::string> ReadUpTo(int fd, size_t cap);

// A file of the host's procfs, opened at `directory_fd` or by an absolute path.
absl::StatusOr<std::string> ReadProcText(const std::string& path, size_t cap = 64 << 10,
                                         int directory_fd = -1);

}  // namespace nsobs
