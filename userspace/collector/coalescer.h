// Runs of equal events become one row: the first is passed on, what follows is counted. Works on
// the raw record, before anything is decoded or allocated, because a flood passes through here.
//
// Equal means (the kinds of file, bind and packet in their own way, see coalescer.cc): a connect
// failure of the same program in the same container to the same peer with the same errno; a signal
// from the same process to the same process with the same result; the same change of namespaces by
// the same process, once it did it more than a few times (each single one makes namespaces that are
// worth knowing).
//
// The kernel does the same before us, CPU by CPU, and sends but the first of its own run
// (kernel_runs.h). Here such runs are attached to ours, which decides when it is over.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "userspace/collector/kernel_runs.h"
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

  enum class Grown {
    kCounted,
    kUnknown,  // the record that began it has not come yet: try again after the next ones
    kLost,     // its row was not stored, or has ended
  };
  // Goes on with the row of a run that a predecessor had begun: what its runs of the kernel still
  // grow by is counted into it, and then it ends. The new run's id.
  uint64_t Adopt(EventKind kind, const CounterKey& owner, uint64_t count,
                 const std::vector<uint64_t>& kernel_runs);
  // What a run of the kernel grows by is lost: it has no row.
  void Disown(uint64_t kernel_run);
  // Of ours, to which it is attached; 0: none, or one without a row.
  uint64_t RunOf(uint64_t kernel_run) const;

  // Counts what a run of the kernel grew by into the run of its first record.
  Grown Extend(const RunGrowth& growth);
  // Runs of the kernel that are attached, and those of which we want no more (each once).
  std::vector<uint64_t> AttachedRuns() const;
  std::vector<uint64_t> TakeUnwanted() { return std::exchange(unwanted_, {}); }
  // Of those: it can't be closed yet, so that it goes on to count into its run until it is.
  void SetOpen(uint64_t kernel_run, bool open);

  // Adds the extensions of runs that grew and the ends of those that paused; `now_boot_ns` as of
  // the last record. A run with attached ones ends a little later: an event may be under way.
  void Flush(int64_t now_boot_ns, RecordBatch* out);

  // The rows of these runs were not stored: forget them. What they had counted since the last Flush
  // is returned as lost, by epoch.
  std::array<uint64_t, 2> Drop(uint64_t run_id);

  void set_window(absl::Duration window);
  bool idle() const { return runs_.empty() && closing_.empty(); }

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
    std::vector<uint64_t> attached;  // runs of the kernel
    int64_t closed_ns = 0;           // when Flush() first saw it among closing_
    CounterKey owner;
  };
  using RunPtr = std::unique_ptr<Run>;

  static bool MakeKey(absl::Span<const uint8_t> record, Key* key);
  bool Expired(const Run& run, int64_t now_ns) const;
  bool Join(Run* run, const nsobs_header& header, uint64_t* run_id);
  void Attach(Run* run, uint64_t kernel_run);
  void Detach(const Run& run);
  bool IsStillOpen(const Run& run) const;
  void BeginEnd(RunPtr run);
  static void PutExtension(Run* run, RecordBatch* out);

  int64_t window_ns_ = 0;
  const size_t max_runs_;
  uint64_t next_run_id_ = 1;
  absl::flat_hash_map<Key, RunPtr> runs_;
  std::vector<RunPtr> closing_;  // take no more records, but what is under way
  absl::flat_hash_map<uint64_t, Run*> attached_;
  absl::flat_hash_map<uint64_t, uint64_t> latest_;  // of the kernel's runs, by slot
  std::vector<uint64_t> unwanted_;
  absl::flat_hash_set<uint64_t> still_open_;
};

}  // namespace nsobs
