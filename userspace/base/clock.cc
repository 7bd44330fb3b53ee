#include "userspace/base/clock.h"

#include <time.h>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

int64_t ReadNs(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

}  // namespace

int64_t SystemClock::BootNs() const { return ReadNs(CLOCK_BOOTTIME); }
int64_t SystemClock::WallNs() const { return ReadNs(CLOCK_REALTIME); }

std::string FormatRfc3339(int64_t wall_ns) {
  int64_t seconds = wall_ns / 1'000'000'000;
  int64_t rest = wall_ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  return absl::StrFormat(
      "%s.%09dZ",
      absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(seconds), absl::UTCTimeZone()),
      rest);
}

std::string BootId() {
  auto text = ReadSmallFile("/proc/sys/kernel/random/boot_id", 64);
  if (!text.ok()) return "";
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return *text;
}

}  // namespace nsobs
