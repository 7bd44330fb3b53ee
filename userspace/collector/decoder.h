// Bytes of a ring's record -> Event. Pure; bounds are checked, since this is fuzzed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "userspace/event/event.h"

namespace nsobs {

// INVALID_ARGUMENT for a record of another version, an unknown kind, or a wrong size.
absl::StatusOr<Event> DecodeEvent(absl::Span<const uint8_t> record);

}  // namespace nsobs
