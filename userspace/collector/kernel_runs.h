// Runs of equal events that the kernel counts by itself, see struct nsobs_run: what they have
// grown by since the last look, and what they add to the exact counters.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
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

// What was taken of the runs so far, for whoever takes them over.
struct RunBooks {
  using CounterWords = std::array<uint64_t, sizeof(nsobs_counter_key) / 8>;
  struct Slot {
    uint64_t run = 0;
    std::array<uint64_t, 2> seen{};  // of its events, by epoch, in some growth
    CounterWords counter{};
  };
  std::map<uint64_t, Slot> slots;           // by number
  std::map<CounterWords, uint64_t> counts;  // 0: forgotten

  bool empty() const { return slots.empty() && counts.empty(); }
  void Add(RunBooks newer);  // what is in both is as in the newer one
};

CounterKey OwnerOfCounter(const RunBooks::CounterWords& counter);

// Thread-safe: the ring's thread takes the growth, scrapes read the counts.
class KernelRuns {
 public:
  using CounterWords = RunBooks::CounterWords;
  using Counts = absl::flat_hash_map<CounterWords, uint64_t>;

  // `slots`: the map as it lies in memory, shared with the kernel; outlives this object.
  explicit KernelRuns(absl::Span<nsobs_run> slots);

  // What `runs` have grown by, and whatever else was noticed since the last call. Every event of a
  // run is in exactly one growth.
  std::vector<RunGrowth> Collect(absl::Span<const uint64_t> runs);

  // From now on changes are noted for TakeChanges().
  void Track();
  // What changed since the last call; nullopt: something was noticed that no Collect() gave out
  // yet.
  std::optional<RunBooks> TakeChanges();
  // Before anything else: goes on where a predecessor's books end. A slot that is not in them is as
  // if none of its last run was taken.
  void Restore(const RunBooks& books);
  // So that it is in the books.
  void Note(uint64_t run);

  // The run takes no more events, but for one that is under way just now. False: it is not open
  // yet, as its record comes first, and has to be closed later.
  bool Close(uint64_t run);

  // Of all runs so far, by what each event counts as; Forget() drops an entry.
  Counts CountsSoFar();
  void Forget(const CounterWords& key);

  static EventKind KindOf(uint64_t run);

  // Of all runs so far, those events that are in no growth yet.
  uint64_t Untaken(EventKind kind, uint8_t epoch);

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
  bool tracks_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<size_t> changed_slots_ ABSL_GUARDED_BY(mutex_);
  std::set<CounterWords> changed_counts_ ABSL_GUARDED_BY(mutex_);
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
