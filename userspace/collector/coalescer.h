// Runs of equal events become one row: the first is passed on, what follows is counted. Works on
// the raw record, before anything is decoded or allocated, because a flood passes through here.
//
// Equal means (the kinds of file, bind and packet in their own way, see coalescer.cc): a connect
// failure of the same program in the same container to the same peer with the same errno; a signal
// from the same process to the same process with the same result; the same change of namespaces by
// the same process, once it did it more than a few times (each single one makes namespaces that are
// worth knowing).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "userspace/collector/record_batch.h"

namespace nsobs {

struct CoalescerOptions {
  // A run ends when it pauses this long; zero: off; at most an hour.
  absl::Duration window = absl::Seconds(1);
  size_t max_runs = 4096;
};

// One thread: the ring's.
class Coalescer {
 public:
  explicit Coalescer(CoalescerOptions options);

  // True if the record was counted into an open run; else *run_id is the new run's (0 if the record
  // can't begin one). Any bytes are safe; what isn't aligned to 8 begins no run.
  bool Merge(absl::Span<const uint8_t> record, uint64_t* run_id);

  // Adds the extensions of runs that grew and the ends of those that paused; `now_boot_ns` as of
  // the last record.
  void Flush(int64_t now_boot_ns, RecordBatch* out);

  // The rows of these runs were not stored: forget them. What they had counted since the last Flush
  // is returned as lost, by epoch.
  std::array<uint64_t, 2> Drop(uint64_t run_id);

  void set_window(absl::Duration window);

 private:
  using Key = std::array<uint64_t, 12>;
  struct Run {
    uint64_t run_id = 0;
    uint64_t count = 1;
    uint32_t singles = 0;  // rows of their own before this run coalesces
    EventKind kind = EventKind::kSignal;
    int64_t first_ns = 0;
    int64_t last_ns = 0;
    std::array<uint64_t, 2> added{};
  };

  static bool MakeKey(absl::Span<const uint8_t> record, Key* key);
  bool Expired(const Run& run, int64_t now_ns) const;

  int64_t window_ns_ = 0;
  const size_t max_runs_;
  uint64_t next_run_id_ = 1;
  absl::flat_hash_map<Key, Run> runs_;
  std::vector<uint64_t> ended_;
};

}  // namespace nsobs
