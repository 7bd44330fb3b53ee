// A bound on how often something costly or loud is done, by the time of the events that ask for it.
#pragma once

#include <algorithm>
#include <cstdint>

namespace nsobs {

class TokenBucket {
 public:
  // At most `burst` at once, `per_second` in the long run.
  TokenBucket(double per_second, double burst)
      : per_ns_(per_second / 1e9), burst_(burst), tokens_(burst) {}

  bool Take(int64_t now_ns) {
    if (now_ns > last_ns_) {
      tokens_ = std::min(burst_, tokens_ + static_cast<double>(now_ns - last_ns_) * per_ns_);
      last_ns_ = now_ns;
    }
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const double per_ns_;
  const double burst_;
  double tokens_;
  int64_t last_ns_ = 0;
};

}  // namespace nsobs
