// Leaves an engine alone that doesn't answer: after three failures in a row for 5 s, then, as long
// as one try after each pause fails too, twice as long, up to 5 min.
#pragma once

#include <cstdint>

namespace nsobs {

// Not thread-safe. Times are boot time in nanoseconds.
class Breaker {
 public:
  static constexpr int kFailures = 3;
  static constexpr int64_t kFirstPauseNs = 5'000'000'000;
  static constexpr int64_t kLongestPauseNs = 300'000'000'000;

  bool MayAsk(int64_t now_ns) const { return !open() || now_ns >= until_ns_; }
  void Succeeded();
  void Failed(int64_t now_ns);

  // Since its last success it failed too often.
  bool open() const { return failures_ >= kFailures; }

 private:
  int failures_ = 0;
  int64_t pause_ns_ = kFirstPauseNs;
  int64_t until_ns_ = 0;
};

}  // namespace nsobs
