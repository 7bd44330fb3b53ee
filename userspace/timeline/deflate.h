// Compression of what is large and seldom read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace nsobs {

absl::StatusOr<std::string> Deflate(std::string_view raw);

// The inverse. DATA_LOSS unless it gives exactly `raw_bytes`, of which no more than `most` are
// made.
absl::StatusOr<std::string> Inflate(std::string_view compressed, int64_t raw_bytes, uint64_t most);

}  // namespace nsobs
