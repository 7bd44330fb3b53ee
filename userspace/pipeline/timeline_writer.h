// The thread that writes the timeline. It alone touches the database; a slow disk holds up nobody
// else, and what it can't take is counted as lost.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "userspace/base/bounded_queue.h"
#include "userspace/collector/record_batch.h"
#include "userspace/pipeline/ledger.h"
#include "userspace/pipeline/queue_room.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

// An item with what the ledger gets once it is committed.
struct WriteItem {
  TimelineItem item;
  EventKind kind = EventKind::kSignal;
  std::array<uint64_t, 2> recorded{};  // by epoch
  std::array<uint64_t, 2> coalesced{};
  CounterKey owner;     // to whom a loss is charged; all zero: nobody, of what userspace made
  bool placed = false;  // has a place in the QueueRoom, as a row or as an extension
};

struct WriteBatch {
  std::vector<WriteItem> items;
  std::vector<uint64_t> ended_runs;
  std::vector<ContainerRef> containers;
  std::vector<Timeline::NamespaceRow> namespaces;
  // Written after the items, so that these have their ids. In no book of the ledger.
  std::vector<SnapshotRow> snapshots;
  // All items so far, up to the last mark, are written in one transaction with it.
  std::optional<RingMark> mark;
  bool from_rings = false;  // there are items that wait for a mark
  std::vector<TimelineFact> facts;
};

// The newer one, with the changes of both.
void MergeMark(RingMark newer, std::optional<RingMark>* mark);

// The places of these items go back.
void GiveBack(absl::Span<const WriteItem> items, QueueRoom* room);

class TimelineWriter {
 public:
  // All outlive the writer. `timeline` is used by the writer's thread alone once Start() was
  // called. Places of what was written, or could not be, go back to `room`.
  TimelineWriter(Timeline* timeline, Ledger* ledger, QueueRoom* room, const Clock* clock,
                 size_t capacity_items);
  ~TimelineWriter();

  // Before Start(): batches from the rings have marks, which are stored under this name, and
  // `durable` is told of each once it is.
  void ExpectMarks(std::string id, std::function<void(const RingMark&)> durable);
  // Likewise: a run whose row a predecessor stored.
  void AdoptRun(uint64_t run_id) { stored_runs_.insert(run_id); }

  void Start();
  void Stop();  // writes what is queued, then ends the thread

  // False if the queue is full, or 32 snapshots wait already (each may be large); the batch is
  // untouched then. Thread-safe.
  bool Push(WriteBatch& batch);
  // Whether so many more items fit just now.
  bool Fits(size_t items) const { return queued_items_ + items <= capacity_items_; }

  bool storage_ok() const { return storage_ok_; }
  uint64_t database_bytes() const { return database_bytes_; }
  int64_t last_commit_boot_ns() const { return last_commit_boot_ns_; }
  uint64_t queued_items() const { return queued_items_; }

 private:
  void Loop();
  void Write(WriteBatch batch);
  bool WriteItems(absl::Span<WriteItem> items, absl::Span<const TimelineFact> facts);
  void WriteMarked(WriteBatch* batch);
  void WriteSnapshot(const SnapshotRow& row);
  bool HasRow(const WriteItem& item);
  void Account(absl::Span<const WriteItem> items, bool stored);
  void Housekeeping();

  Timeline* const timeline_;
  Ledger* const ledger_;
  QueueRoom* const room_;
  const Clock* const clock_;
  const size_t capacity_items_;
  BoundedQueue<WriteBatch> queue_;
  std::atomic<uint64_t> queued_items_{0};
  std::atomic<uint64_t> queued_snapshots_{0};
  std::atomic<bool> storage_ok_{true};
  std::atomic<uint64_t> database_bytes_{0};
  std::atomic<int64_t> last_commit_boot_ns_{0};
  // Runs whose row is stored: only those can be extended.
  absl::flat_hash_set<uint64_t> stored_runs_;
  std::string id_;
  std::function<void(const RingMark&)> durable_;  // empty: there are no marks
  WriteBatch unmarked_;                           // since the last mark
  WriteBatch unstored_;                           // the last mark alone, if it could not be stored
  int64_t last_heartbeat_ns_ = 0;
  int64_t last_retention_ns_ = 0;
  std::thread thread_;
};

}  // namespace nsobs
