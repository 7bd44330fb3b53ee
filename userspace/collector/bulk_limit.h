// How many bulk events one container may send: what the configuration allows, and what the
// observer's own budget leaves of it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bpf/event_abi.h"
#include "userspace/base/mutex.h"

namespace nsobs {

// Thread-safe. `out` is where the programs in the kernel read it.
class BulkLimit {
 public:
  void Set(volatile nsobs_settings* out, uint64_t per_second, uint64_t burst) {
    MutexLock lock(&mutex_);
    rate_ = per_second;
    burst_ = burst;
    Write(out);
  }
  void SetMost(volatile nsobs_settings* out, uint64_t per_second) {
    MutexLock lock(&mutex_);
    most_ = per_second;
    Write(out);
  }

 private:
  void Write(volatile nsobs_settings* out) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    out->bulk_rate_per_second = std::min(rate_, most_);
    out->bulk_burst = std::min(burst_, most_);
    // Who is called what depends on these: the own budget never sheds them.
    out->context_rate_per_second = rate_;
    out->context_burst = burst_;
  }

  Mutex mutex_;
  uint64_t rate_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t burst_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t most_ ABSL_GUARDED_BY(mutex_) = UINT64_MAX;
};

}  // namespace nsobs
