#include "userspace/enrichment/breaker.h"

#include <algorithm>

namespace nsobs {

void Breaker::Succeeded() {
  failures_ = 0;
  pause_ns_ = kFirstPauseNs;
}

void Breaker::Failed(int64_t now_ns) {
  failures_ = std::min(failures_ + 1, kFailures);
  if (!open()) return;
  until_ns_ = now_ns + pause_ns_;
  pause_ns_ = std::min(2 * pause_ns_, kLongestPauseNs);
}

}  // namespace nsobs
