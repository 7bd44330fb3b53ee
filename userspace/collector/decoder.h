// Bytes of a ring's record -> Event. Pure; bounds are checked, since this is fuzzed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "userspace/event/event.h"
#include "userspace/event/host_task.h"

namespace nsobs {

// INVALID_ARGUMENT for a record of another version, an unknown kind, or a wrong size.
absl::StatusOr<Event> DecodeEvent(absl::Span<const uint8_t> record);

// What the program of iter/task wrote, record after record, is added; a piece at the end is left
// out.
void DecodeHostTasks(absl::Span<const uint8_t> records, std::vector<HostTask>* out);

}  // namespace nsobs
