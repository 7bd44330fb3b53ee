// The thread that drains both rings, coalesces, and hands on what is new. The kernel wakes it for
// the first record after a pause and when a ring is a quarter full (each wake-up costs the observed
// process 4 us); while records keep coming it looks by a short timer. It never waits for anybody:
// what the consumer does not take is counted as lost.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "userspace/base/fd.h"
#include "userspace/collector/coalescer.h"
#include "userspace/collector/early_growth.h"
#include "userspace/collector/mapped_ring.h"
#include "userspace/collector/record_batch.h"

namespace nsobs {

struct RingReaderOptions {
  int critical_map_fd = -1;
  int bulk_map_fd = -1;
  KernelRuns* runs = nullptr;  // outlives the reader; null: the kernel counts none
  // The kernel wakes us at most once in this time (WAKEUP_PERIOD_NS of bpf/lib/emit.h): after a
  // record we look again by ourselves.
  absl::Duration period = absl::Milliseconds(5);
  absl::Duration rest_period = absl::Milliseconds(250);
  absl::Duration flush_period = absl::Milliseconds(50);  // of counts of open runs
  CoalescerOptions coalescer;
  // Records stay on the rings, and runs of the kernel open, until Durable(): whoever takes the
  // rings over after we were killed finds all that was not. Batches have marks.
  bool hold_back = false;
  bool adopted = false;        // somebody else has read these rings before
  uint64_t critical_from = 0;  // with hold_back: what is before these positions is durable already
  uint64_t bulk_from = 0;
};

// A run that a predecessor had begun, with its row.
struct LeftRun {
  EventKind kind = EventKind::kSignal;
  CounterKey owner{};
  uint64_t count = 0;                 // of the row
  std::vector<uint64_t> kernel_runs;  // that go on to count into it
};

struct RingReaderHandlers {
  // What else is to be done now and then, at most each kTickPeriod and about as often as the ring
  // is looked at; true: look again in a kTickPeriod. May be empty.
  std::function<bool()> tick;
  // Whether there is room for one more of this owner's; what gets none is lost. May be empty: there
  // always is.
  std::function<bool(const RawRecord& record)> admit;
  // Takes the batch and returns true; or returns false, having taken the records or nothing.
  // Records that are left are lost, all else is offered again.
  std::function<bool(RecordBatch& batch)> deliver;
  // Events that were received but could not be delivered, and whose they were.
  std::function<void(const CounterKey& owner, EventKind kind, uint8_t epoch, uint64_t count)> lost;
};

class RingReader {
 public:
  static absl::StatusOr<std::unique_ptr<RingReader>> Create(const RingReaderOptions& options,
                                                            RingReaderHandlers handlers);
  ~RingReader();
  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;

  // Before Start(). The id by which extensions of the run's row will speak of it.
  uint64_t Adopt(const LeftRun& run);
  // Likewise: what this run of the kernel still counts is lost.
  void Disown(uint64_t kernel_run) { coalescer_.Disown(kernel_run); }
  // Likewise: records that wait on the rings, by kind, of those of an epoch that has ended.
  std::array<uint64_t, kEventKindEnd> Waiting(uint8_t epoch);
  // Likewise: records that were read and let go before they were durable, by a predecessor that had
  // to; some or all of them may be missing.
  bool HasHole() const;
  void Start();
  // Drains once more, flushes everything and ends the thread.
  void Stop();
  // Has it look at once; thread-safe.
  void Wake();
  // All up to this mark is where a kill -9 of ours can't reach it. Thread-safe; marks in order.
  void Durable(const RingMark& mark);
  // Looks at the rings so far; stands still if the thread does. Thread-safe.
  uint64_t turns() const { return turns_; }
  // Taken from the bulk ring so far, but for what no limit of bulk events holds back (IsContext()).
  // Thread-safe.
  uint64_t bulk_records() const { return bulk_records_; }
  void set_coalesce_window(absl::Duration window) { window_ns_ = absl::ToInt64Nanoseconds(window); }

 private:
  RingReader(const RingReaderOptions& options, RingReaderHandlers handlers);
  void OnRecord(absl::Span<const uint8_t> record);
  void Loop();
  void Drain();
  void Deliver(bool flush);
  void TakeGrowth();
  void CloseRuns();
  void Mark();
  void NoteMarked(const RingMark& mark);
  void JoinExtensions();
  void Release();
  size_t Take();
  void Lose(const CounterKey& owner, EventKind kind, const std::array<uint64_t, 2>& counts);
  void Drop(const RawRecord& record);
  void Wait();
  absl::Duration Patience() const;
  void Tick();

  const RingReaderOptions options_;
  const RingReaderHandlers handlers_;
  Coalescer coalescer_;
  std::atomic<int64_t> window_ns_;
  UniqueFd wake_fd_;
  UniqueFd rings_fd_;  // an epoll that wakes with either ring
  std::unique_ptr<MappedRing> bulk_, critical_;
  RecordBatch batch_;
  EarlyGrowth early_;
  RunBooks owed_;  // changes that no delivered mark has
  uint64_t last_mark_ = 0;
  uint64_t marked_critical_ = 0, marked_bulk_ = 0;    // by the last one
  absl::flat_hash_map<uint64_t, uint64_t> reported_;  // runs of the kernel, by which mark
  std::vector<uint64_t> to_close_;  // runs of the kernel that nobody wants any more
  std::atomic<uint64_t> durable_mark_{0}, durable_critical_{0}, durable_bulk_{0};
  bool unmarked_ = false;  // something was handed on since the last mark
  int quiet_ = 0;          // looks in a row at which nothing had come
  bool woken_ = false;     // by Wake(): somebody waits for what is open
  bool more_ = false;      // the bulk ring was not empty when it was left
  int64_t last_flush_ns_ = 0;
  int64_t last_tick_ns_ = 0;
  bool ticking_ = false;  // the tick has asked for another one
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> turns_{0};
  std::atomic<uint64_t> bulk_records_{0};
  std::thread thread_;
};

}  // namespace nsobs
