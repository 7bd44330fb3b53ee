// Quantities and times as people read them in tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nsobs {

// "0.2 ms", "3.1 s", "12 min", "5.0 h", "3.2 d".
std::string HumanDuration(int64_t ns);

// "512 B", "64 MiB", "61.2 MiB".
std::string HumanBytes(uint64_t bytes);

// "499,999".
std::string HumanCount(uint64_t count);

// "2026-11-23 14:02:11.123" in `zone`.
std::string LocalTime(int64_t wall_ns, absl::TimeZone zone);

// "11-23 14:02:11.123", for screens.
std::string ShortLocalTime(int64_t wall_ns, absl::TimeZone zone);

// "14:02:12" in `zone`, with the date before it unless it is the day of `same_day_wall_ns`.
std::string LocalClock(int64_t wall_ns, int64_t same_day_wall_ns, absl::TimeZone zone);

// Of a stored event: "2026-11-23T14:02:11.123456789Z". nullopt for anything else.
std::optional<int64_t> ParseRfc3339(std::string_view text);

// What --since and --until take: a duration back from now ("10m", "14d"), RFC 3339, or
// "2026-11-23 14:02[:11]" or "2026-11-23" in `zone`. INVALID_ARGUMENT otherwise.
absl::StatusOr<int64_t> ParseMoment(std::string_view text, int64_t now_wall_ns,
                                    absl::TimeZone zone);

}  // namespace nsobs
