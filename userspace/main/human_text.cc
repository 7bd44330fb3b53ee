#include "userspace/main/human_text.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "userspace/base/sanitize.h"
#include "userspace/config/value_text.h"

namespace nsobs {
namespace {

struct Unit {
  double size;
  const char* name;
};

}  // namespace

std::string HumanDuration(int64_t ns) {
  const double seconds = static_cast<double>(ns) / 1e9;
  if (seconds < 1) return absl::StrFormat("%.1f ms", seconds * 1e3);
  if (seconds < 120) return absl::StrFormat("%.1f s", seconds);
  if (seconds < 2 * 3600) return absl::StrFormat("%.0f min", seconds / 60);
  if (seconds < 48 * 3600) return absl::StrFormat("%.1f h", seconds / 3600);
  return absl::StrFormat("%.1f d", seconds / 86400);
}

std::string HumanBytes(uint64_t bytes) {
  constexpr std::array<Unit, 4> kUnits = {
      {{1099511627776.0, "TiB"}, {1073741824.0, "GiB"}, {1048576.0, "MiB"}, {1024.0, "KiB"}}};
  for (const Unit& unit : kUnits) {
    const double value = static_cast<double>(bytes) / unit.size;
    if (value < 1) continue;
    if (bytes % static_cast<uint64_t>(unit.size) == 0) {
      return absl::StrFormat("%.0f %s", value, unit.name);
    }
    return absl::StrFormat("%.1f %s", value, unit.name);
  }
  return absl::StrCat(bytes, " B");
}

std::string HumanCount(uint64_t count) {
  std::string text = absl::StrCat(count);
  for (size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string LocalTime(int64_t wall_ns, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%E3S", absl::FromUnixNanos(wall_ns), zone);
}

std::string ShortLocalTime(int64_t wall_ns, absl::TimeZone zone) {
  return absl::FormatTime("%m-%d %H:%M:%E3S", absl::FromUnixNanos(wall_ns), zone);
}

std::string LocalClock(int64_t wall_ns, int64_t same_day_wall_ns, absl::TimeZone zone) {
  const absl::Time time = absl::FromUnixNanos(wall_ns);
  const bool same_day =
      absl::ToCivilDay(time, zone) == absl::ToCivilDay(absl::FromUnixNanos(same_day_wall_ns), zone);
  return absl::FormatTime(same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", time, zone);
}

std::optional<int64_t> ParseRfc3339(std::string_view text) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, absl::string_view(text.data(), text.size()), &time,
                       nullptr)) {
    return std::nullopt;
  }
  return absl::ToUnixNanos(time);
}

absl::StatusOr<int64_t> ParseMoment(std::string_view text, int64_t now_wall_ns,
                                    absl::TimeZone zone) {
  if (const std::optional<absl::Duration> back = ParseDuration(text)) {
    return now_wall_ns - absl::ToInt64Nanoseconds(*back);
  }
  if (const std::optional<int64_t> moment = ParseRfc3339(text)) return *moment;
  for (const char* format : {"%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d"}) {
    absl::Time time;
    if (absl::ParseTime(format, absl::string_view(text.data(), text.size()), zone, &time,
                        nullptr)) {
      return absl::ToUnixNanos(time);
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", ForTerminal(text.substr(0, 60)),
                   "\" is not a time (allowed: 10m, 14d, 2026-11-23T14:02:11Z, "
                   "\"2026-11-23 14:02\")"));
}

}  // namespace nsobs
