// A moment by which something has to be over, on the monotonic clock: the wall clock may be set
// forward or back at any time, and neither may end a wait early nor make it last for hours.
#pragma once

#include <chrono>
#include <optional>

#include "absl/time/time.h"

namespace nsobs {

// A value. CLOCK_MONOTONIC: time in which the machine sleeps doesn't count.
class Deadline {
 public:
  static Deadline In(absl::Duration time) {
    return Deadline(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(time));
  }
  static Deadline Never() { return Deadline(std::nullopt); }

  // Zero or less: it is over.
  absl::Duration left() const {
    if (!end_) return absl::InfiniteDuration();
    return absl::FromChrono(*end_ - std::chrono::steady_clock::now());
  }

 private:
  using Moment = std::chrono::steady_clock::time_point;
  explicit Deadline(std::optional<Moment> end) : end_(end) {}

  std::optional<Moment> end_;  // nullopt: never
};

}  // namespace nsobs
