// The wall clock as far as ages go.
#pragma once

#include <cstdint>

#include "userspace/base/clock.h"

namespace nsobs {

// A wall clock that is set forward, for a while and by mistake, must make nothing older: what
// retention removes then is gone also when the clock is set right again. So a step forward of more
// than a minute counts only once it has lasted for a day of the boot clock (which goes on during
// suspend); one back counts at once. A start takes the clock as it is. Not thread-safe.
class AgeClock {
 public:
  // `clock` outlives it.
  explicit AgeClock(const Clock* clock) : clock_(clock), booted_ns_(clock->WallOfBootNs(0)) {}

  // Nanoseconds since 1970 UTC.
  int64_t NowNs() {
    const int64_t boot_ns = clock_->BootNs();
    const int64_t booted_ns = clock_->WallOfBootNs(0);
    if (booted_ns <= booted_ns_ + kSlewNs) {
      booted_ns_ = booted_ns;
      doubted_since_boot_ns_ = 0;
    } else if (doubted_since_boot_ns_ == 0) {
      doubted_since_boot_ns_ = boot_ns;
    } else if (boot_ns - doubted_since_boot_ns_ >= kDoubtNs) {
      booted_ns_ = booted_ns;
    }
    return booted_ns_ + boot_ns;
  }

 private:
  static constexpr int64_t kSlewNs = 60'000'000'000;
  static constexpr int64_t kDoubtNs = 24 * 60 * kSlewNs;

  const Clock* clock_;
  int64_t booted_ns_;  // when the host booted, by the wall clock that is believed
  int64_t doubted_since_boot_ns_ = 0;
};

}  // namespace nsobs
