// From the rings to the timeline: three threads and two bounded queues.
//
//   ring thread      drains, coalesces; never waits           (collector/ring_reader.h)
//   pipeline thread  decodes, names, makes rows               (this file)
//   timeline thread  writes, in batches                       (timeline_writer.h)
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/base/bounded_queue.h"
#include "userspace/collector/probe_set.h"
#include "userspace/collector/ring_reader.h"
#include "userspace/correlation/correlator.h"
#include "userspace/enrichment/enricher.h"
#include "userspace/pipeline/barrier.h"
#include "userspace/pipeline/file_watch.h"
#include "userspace/pipeline/heartbeat.h"
#include "userspace/pipeline/helper_log.h"
#include "userspace/pipeline/ledger.h"
#include "userspace/pipeline/loss_reporter.h"
#include "userspace/pipeline/name_wait.h"
#include "userspace/pipeline/queue_room.h"
#include "userspace/pipeline/restart.h"
#include "userspace/pipeline/self_budget.h"
#include "userspace/pipeline/timeline_writer.h"
#include "userspace/pipeline/watch.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

struct PipelineOptions {
  absl::Duration coalesce_window = absl::Seconds(1);
  absl::Duration reconcile_period = absl::Seconds(30);
  size_t queue_records = 65536;       // received and not written yet (QueueRoom)
  GovernorOptions budget;             // what the observer allows itself
  std::vector<std::string> files_of;  // for whom file failures are on; empty: all, if at all
  // Between two rounds of harmless deeds that show whether the programs are at work; zero: none.
  absl::Duration heartbeat_period = absl::Seconds(5);
  // By which a successor knows that what this one has committed speaks of the programs that it
  // takes over; "": nobody will.
  std::string loading_id = "";
  bool adopted = false;  // they were a predecessor's
  WatchOptions watch;
  Enricher* enricher = nullptr;  // outlives the pipeline; nullptr: engines are not asked
  HelperLog* helpers = nullptr;  // likewise; nullptr: their ends are not told
};

class Pipeline {
 public:
  // All but the options outlive the pipeline; `snapshotter` may be nullptr. After Start(),
  // correlator and timeline belong to its threads (but for Correlator::inventory()).
  static absl::StatusOr<std::unique_ptr<Pipeline>> Create(const PipelineOptions& options,
                                                          ProbeSet* probes, Correlator* correlator,
                                                          Timeline* timeline,
                                                          Snapshotter* snapshotter,
                                                          const Clock* clock);
  ~Pipeline();

  // `gap` is written as the first event.
  void Start(const std::optional<Gap>& gap);
  void Stop();  // everything that is on the rings is written first; bounded time

  void set_coalesce_window(absl::Duration window) { ring_->set_coalesce_window(window); }

  // Rounds of the two threads that never have a reason to stand still. The timeline's has one (the
  // disk), so it is not among them. Thread-safe.
  struct Turns {
    uint64_t ring = 0;
    uint64_t pipeline = 0;
  };
  Turns turns() const { return {ring_->turns(), turns_}; }

  Barrier& barrier() { return *barrier_; }
  const Ledger& ledger() const { return ledger_; }
  const TimelineWriter& writer() const { return *writer_; }
  const Enricher* enricher() const { return options_.enricher; }
  const HelperLog* helpers() const { return options_.helpers; }
  Watch& watch() { return *watch_; }
  SelfBudget& budget() { return *budget_; }
  const Heartbeat& heartbeat() const { return *heartbeat_; }
  // For what is made outside of the pipeline's thread: snapshots, and events without a record.
  // False if the queue is full. Thread-safe, from Start() on.
  bool Store(SnapshotRow row);
  bool Store(ObservedEvent event);
  // Of a predecessor's events some may be missing, as its disk was behind.
  bool has_hole() const { return has_hole_; }
  uint64_t queue_length() const { return room_.taken(); }
  uint64_t queue_capacity() const { return room_.capacity(); }
  uint64_t context_records() const { return context_records_; }
  uint64_t malformed_records() const { return malformed_records_; }

 private:
  Pipeline(const PipelineOptions& options, ProbeSet* probes, Correlator* correlator,
           Timeline* timeline, Snapshotter* snapshotter, const Clock* clock);
  static RingReaderOptions RingOptions(const PipelineOptions& options, ProbeSet* probes);
  absl::Status GoOn(const LeftMark& left, ProbeSet* probes);
  void StoreInventory();
  bool Admit(const RawRecord& record);
  bool Take(RecordBatch& batch);
  void Queue(RecordBatch batch);
  void Loop();
  void Process(const RecordBatch& batch, WriteBatch* out);
  void ProcessRecord(const RawRecord& record, WriteBatch* out);
  bool WaitsForNames() const { return !name_wait_.empty() || correlator_->HasMade(); }
  void TakeNamed(bool all, WriteBatch* out);
  void PassMark(WriteBatch* out);
  void PushRow(WriteItem item, WriteBatch* out);
  void PushExtension(const RunExtension& extension, WriteBatch* out);
  void PushEnd(uint64_t run, WriteBatch* out);
  void ReportLosses(WriteBatch* out);
  void LoseItems(absl::Span<const WriteItem> items);
  void TakeFromCorrelator(WriteBatch* out);
  void TakeFromEngines(WriteBatch* out);
  void Periodic(WriteBatch* out);
  void TrimAfterBurst(int64_t now_ns);
  void TellGaps(WriteBatch* out);
  void ProcessContext(Event event);
  void PushMade(ObservedEvent event, WriteBatch* out);
  void Hand(WriteBatch batch);

  const PipelineOptions options_;
  Correlator* const correlator_;
  Timeline* const timeline_;  // until Start(), then the writer's
  const Clock* const clock_;
  const CounterReader counters_;
  Ledger ledger_;
  QueueRoom room_;
  LossReporter losses_;
  NameWait name_wait_;
  std::unique_ptr<RingReader> ring_;
  std::unique_ptr<TimelineWriter> writer_;
  std::unique_ptr<Barrier> barrier_;
  std::unique_ptr<Watch> watch_;
  FileWatch file_watch_;
  std::unique_ptr<Heartbeat> heartbeat_;
  std::unique_ptr<SelfBudget> budget_;
  BoundedQueue<RecordBatch> queue_;
  std::atomic<uint64_t> context_records_{0};
  std::atomic<uint64_t> malformed_records_{0};
  std::atomic<uint64_t> turns_{0};
  bool has_hole_ = false;
  uint64_t last_serial_ = 0;  // of an event
  int64_t last_reconcile_ns_ = 0;
  int64_t last_losses_ns_ = 0;
  int64_t last_named_ns_ = 0;  // of a look for names
  // Waits until nothing that came before it waits for its name; since when.
  std::optional<RingMark> late_mark_;
  int64_t late_mark_since_ns_ = 0;
  absl::Duration made_patience_ = kNamePatience;  // with starts and ends of what has no name
  int64_t last_tick_ns_ = 0;
  int64_t last_record_ns_ = 0;  // of a batch that was more than a few
  uint64_t records_since_trim_ = 0;
  uint64_t last_round_ = 0;  // of the heartbeat
  std::thread thread_;
};

}  // namespace nsobs
