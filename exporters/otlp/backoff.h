// How long to wait after a failure: longer each time, and not at the same moment as all others of a
// fleet.
#pragma once

#include <algorithm>
#include <random>

#include "absl/time/time.h"

namespace nsobs {

class Backoff {
 public:
  explicit Backoff(uint64_t seed) : random_(seed) {}

  // The next pause: 1 s, 2 s, .. 60 s, each times 0.5 to 1.5; at least what the server asks for.
  absl::Duration Next(absl::Duration at_least) {
    const absl::Duration base =
        std::min(absl::Seconds(1) * (int64_t{1} << std::min(failures_, 6)), absl::Seconds(60));
    ++failures_;
    return std::max(base * std::uniform_real_distribution<double>(0.5, 1.5)(random_), at_least);
  }
  void Reset() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  std::minstd_rand random_;
  int failures_ = 0;
};

}  // namespace nsobs
