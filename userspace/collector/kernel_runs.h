// Runs of equal events that the kernel counts by itself, see struct nsobs_run: what they have
// grown by since the last look, and what they add to the exact counters.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "bpf/event_abi.h"
#include "userspace/base/mutex.h"
#include "userspace/collector/owner_key.h"
#include "userspace/event/event.h"

namespace nsobs {

struct RunGrowth {
  uint64_t run = 0;                 // nsobs_run::run
  std::array<uint64_t, 2> added{};  // by epoch
  int64_t last_boot_ns = 0;
  CounterKey owner{};
};

// Thread-safe: the ring's thread takes the growth, scrapes read the counts.
class KernelRuns {
 public:
  using CounterWords = std::array<uint64_t, sizeof(nsobs_counter_key) / 8>;
  using Counts = absl::flat_hash_map<CounterWords, uint64_t>;

  // `slots`: the map as it lies in memory, shared with the kernel; outlives this object.
  explicit KernelRuns(absl::Span<nsobs_run> slots);

  // What `runs` have grown by, and whatever else was noticed since the last call. Every event of a
  // run is in exactly one growth.
  std::vector<RunGrowth> Collect(absl::Span<const uint64_t> runs);

  // The run takes no more events, but for one that is under way just now.
  void Close(uint64_t run);

  // Of all runs so far, by what each event counts as; Forget() drops an entry.
  Counts CountsSoFar();
  void Forget(const CounterWords& key);

  static EventKind KindOf(uint64_t run);

  // Events of all runs so far: they are observed, and in no tally.
  uint64_t Observed(nsobs_run_kind kind, uint8_t epoch) const;

 private:
  struct Known {
    uint64_t run = 0;
    std::array<uint64_t, 2> seen{};
    int64_t last_ns = 0;
    CounterWords counter{};
  };
  void Look(size_t slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Grow(Known* known, const std::array<uint64_t, 2>& counted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Span<nsobs_run> slots_;
  Mutex mutex_;
  std::vector<Known> known_ ABSL_GUARDED_BY(mutex_);
  std::vector<RunGrowth> growth_ ABSL_GUARDED_BY(mutex_);
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
