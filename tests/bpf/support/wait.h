// Waiting for a condition, with a bound.
#pragma once

#include <time.h>

#include <cstdint>

namespace nsobs {

inline int64_t BootNowNs() {
  timespec ts{};
  clock_gettime(CLOCK_BOOTTIME, &ts);
  return int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

// True as soon as `condition` is, false after `bound_ms`.
template <typename Condition>
bool WaitUntil(Condition condition, int bound_ms = 10'000) {
  const int64_t end_ns = BootNowNs() + int64_t{bound_ms} * 1'000'000;
  while (!condition()) {
    if (BootNowNs() > end_ns) return false;
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
  return true;
}

}  // namespace nsobs
