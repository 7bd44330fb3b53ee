#include "userspace/pipeline/timeline_writer.h"

#include <sys/prctl.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"
#include "userspace/base/log.h"
#include "userspace/base/sanitize.h"
#include "userspace/pipeline/mark_facts.h"

namespace nsobs {
namespace {

constexpr size_t kItemsPerTransaction = 2000;
constexpr uint64_t kMaxQueuedSnapshots = 32;
constexpr int kAttempts = 3;
constexpr absl::Duration kRetryPause = absl::Milliseconds(100);
constexpr int64_t kHeartbeatNs = 1'000'000'000;
constexpr int64_t kRetentionNs = 30'000'000'000;

template <typename T>
void Append(std::vector<T> from, std::vector<T>* to) {
  if (to->empty()) {
    *to = std::move(from);
    return;
  }
  std::move(from.begin(), from.end(), std::back_inserter(*to));
}

// Batches are joined for the sake of fewer transactions; what is joined is freed at once, since a
// flood has tens of thousands of items here.
void Append(WriteBatch from, WriteBatch* to) {
  Append(std::move(from.items), &to->items);
  Append(std::move(from.ended_runs), &to->ended_runs);
  Append(std::move(from.containers), &to->containers);
  Append(std::move(from.namespaces), &to->namespaces);
  Append(std::move(from.snapshots), &to->snapshots);
  Append(std::move(from.facts), &to->facts);
  to->from_rings = to->from_rings || from.from_rings;
  if (from.mark) MergeMark(*std::move(from.mark), &to->mark);
}

}  // namespace

void MergeMark(RingMark newer, std::optional<RingMark>* mark) {
  if (*mark) {
    RunBooks books = std::move((*mark)->books);
    std::map<uint64_t, uint64_t> run_ids = std::move((*mark)->run_ids);
    books.Add(std::move(newer.books));
    for (const auto& [slot, run_id] : newer.run_ids) run_ids[slot] = run_id;
    newer.books = std::move(books);
    newer.run_ids = std::move(run_ids);
  }
  *mark = std::move(newer);
}

void GiveBack(absl::Span<const WriteItem> items, QueueRoom* room) {
  std::vector<CgroupKey> rows;
  size_t extensions = 0;
  for (const WriteItem& item : items) {
    if (!item.placed) continue;
    if (item.recorded[0] + item.recorded[1] != 0) {
      rows.push_back(item.owner.cgroup);
    } else {
      ++extensions;
    }
  }
  room->rows.GiveBack(rows);
  room->extensions.GiveBack(extensions);
}

TimelineWriter::TimelineWriter(Timeline* timeline, Ledger* ledger, QueueRoom* room,
                               const Clock* clock, size_t capacity_items)
    : timeline_(timeline),
      ledger_(ledger),
      room_(room),
      clock_(clock),
      capacity_items_(capacity_items),
      queue_(/*capacity=*/1 << 20) {}

TimelineWriter::~TimelineWriter() { Stop(); }

void TimelineWriter::Start() {
  last_commit_boot_ns_ = clock_->BootNs();
  database_bytes_ = timeline_->SizeBytes();
  thread_ = std::thread([this] { Loop(); });
}

void TimelineWriter::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

bool TimelineWriter::Push(WriteBatch& batch) {
  const size_t items = batch.items.size();
  const size_t snapshots = batch.snapshots.size();
  if (queued_items_ + items > capacity_items_) return false;
  if (snapshots > 0 && queued_snapshots_ + snapshots > kMaxQueuedSnapshots) return false;
  queued_items_ += items;
  queued_snapshots_ += snapshots;
  if (queue_.Push(std::move(batch))) return true;
  queued_items_ -= items;
  queued_snapshots_ -= snapshots;
  return false;
}

void TimelineWriter::Loop() {
  prctl(PR_SET_NAME, "nsobs-timeline");
  while (true) {
    const bool closed = queue_.closed();
    std::vector<WriteBatch> batches = queue_.PopAll(absl::Milliseconds(500));
    const bool last = closed && batches.empty();
    WriteBatch all;
    for (WriteBatch& batch : batches) {
      if (durable_ == nullptr) {
        Append(std::exchange(batch, {}), &all);
      } else {
        Append(std::exchange(batch, {}), &unmarked_);
        if (unmarked_.from_rings && !unmarked_.mark) continue;
        Append(std::exchange(unmarked_, {}), &all);
      }
      if (all.items.size() >= kItemsPerTransaction) Write(std::exchange(all, {}));
    }
    Write(std::move(all));
    if (last) Write(std::exchange(unmarked_, {}));
    if (last) return;
    Housekeeping();
  }
}

void TimelineWriter::Write(WriteBatch batch) {
  if (!batch.containers.empty()) {
    if (auto status = timeline_->UpsertContainers(batch.containers); !status.ok()) {
      spdlog::warn("timeline: containers not stored: {}", std::string(status.message()));
    }
  }
  absl::Span<WriteItem> items = absl::MakeSpan(batch.items);
  if (durable_ != nullptr) {
    WriteMarked(&batch);
    items = {};
  }
  while (!items.empty()) {
    const size_t n = std::min(items.size(), kItemsPerTransaction);
    WriteItems(items.first(n), {});
    items.remove_prefix(n);
  }
  for (const SnapshotRow& row : batch.snapshots) WriteSnapshot(row);
  for (uint64_t run_id : batch.ended_runs) {
    timeline_->EndRun(run_id);
    stored_runs_.erase(run_id);
  }
  if (!batch.namespaces.empty()) {
    if (auto status = timeline_->UpsertNamespaces(batch.namespaces); !status.ok()) {
      spdlog::warn("timeline: namespaces not stored: {}", std::string(status.message()));
    }
  }
}

// True for rows; for an extension, if its row was stored (or is about to be, in the same batch).
bool TimelineWriter::HasRow(const WriteItem& item) {
  if (const auto* row = std::get_if<TimelineRow>(&item.item)) {
    if (row->run_id != 0) stored_runs_.insert(row->run_id);
    return true;
  }
  return stored_runs_.contains(std::get<TimelineExtension>(item.item).run_id);
}

// All or nothing: what a mark covers is stored with it, or will be read again.
void TimelineWriter::WriteMarked(WriteBatch* batch) {
  if (unstored_.mark && batch->mark) {
    WriteBatch both = std::exchange(unstored_, {});
    WriteBatch newer;
    newer.mark = std::exchange(batch->mark, std::nullopt);
    Append(std::move(newer), &both);
    batch->mark = std::move(both.mark);
  }
  // What is no row need not be known again: the positions alone move on.
  bool stored = true;
  if (!batch->items.empty() || (batch->mark && !batch->mark->books.empty())) {
    std::vector<TimelineFact> facts = std::move(batch->facts);
    if (batch->mark) AppendMark(id_, *batch->mark, &facts);
    stored = WriteItems(absl::MakeSpan(batch->items), facts);
  }
  if (!batch->mark) return;
  if (stored) {
    durable_(*batch->mark);
  } else {
    unstored_.mark = std::move(batch->mark);
  }
}

void TimelineWriter::ExpectMarks(std::string id, std::function<void(const RingMark&)> durable) {
  id_ = std::move(id);
  durable_ = std::move(durable);
}

bool TimelineWriter::WriteItems(absl::Span<WriteItem> items, absl::Span<const TimelineFact> facts) {
  std::vector<TimelineItem> plain;
  plain.reserve(items.size());
  std::vector<uint64_t> new_runs;
  for (WriteItem& item : items) {
    if (!HasRow(item)) {
      for (uint8_t epoch = 0; epoch < 2; ++epoch) {
        if (item.coalesced[epoch] != 0) {
          ledger_->Lost(item.owner, item.kind, epoch, "row_lost", item.coalesced[epoch]);
        }
      }
      item.coalesced = {};
      continue;
    }
    if (const auto* row = std::get_if<TimelineRow>(&item.item);
        row != nullptr && row->run_id != 0) {
      new_runs.push_back(row->run_id);
    }
    plain.push_back(std::move(item.item));
  }
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) absl::SleepFor(kRetryPause);
    status = facts.empty() ? timeline_->Write(plain) : timeline_->WriteWith(plain, facts);
    if (status.ok()) break;
  }
  if (status.ok() != storage_ok_) {
    if (status.ok()) {
      spdlog::info("timeline: writing again");
    } else {
      spdlog::error("timeline: {} (events are counted as lost until this ends)",
                    std::string(status.message()));
    }
  }
  storage_ok_ = status.ok();
  if (!status.ok()) {
    for (uint64_t run_id : new_runs) stored_runs_.erase(run_id);
  }
  if (status.ok()) last_commit_boot_ns_ = clock_->BootNs();
  Account(items, status.ok());
  GiveBack(items, room_);
  queued_items_ -= items.size();
  return status.ok();
}

void TimelineWriter::WriteSnapshot(const SnapshotRow& row) {
  absl::StatusOr<int64_t> id = absl::UnknownError("not tried");
  for (int attempt = 0; attempt < kAttempts && !id.ok(); ++attempt) {
    if (attempt > 0) absl::SleepFor(kRetryPause);
    id = timeline_->WriteSnapshot(row);
    if (absl::IsInvalidArgument(id.status())) break;  // would be refused again
  }
  if (!id.ok()) {
    spdlog::warn("timeline: a snapshot of {} was not stored: {}", ForTerminal(row.target),
                 std::string(id.status().message()));
  }
  --queued_snapshots_;
  if (row.on_stored) row.on_stored(id);
}

void TimelineWriter::Account(absl::Span<const WriteItem> items, bool stored) {
  for (const WriteItem& item : items) {
    for (uint8_t epoch = 0; epoch < 2; ++epoch) {
      if (!stored) {
        const uint64_t lost = item.recorded[epoch] + item.coalesced[epoch];
        if (lost != 0) ledger_->Lost(item.owner, item.kind, epoch, "storage_error", lost);
        continue;
      }
      if (item.recorded[epoch] != 0) ledger_->Recorded(item.kind, epoch, item.recorded[epoch]);
      if (item.coalesced[epoch] != 0) ledger_->Coalesced(item.kind, epoch, item.coalesced[epoch]);
    }
  }
}

void TimelineWriter::Housekeeping() {
  const int64_t now_ns = clock_->BootNs();
  if (now_ns - last_heartbeat_ns_ >= kHeartbeatNs) {
    last_heartbeat_ns_ = now_ns;
    if (timeline_->Heartbeat().ok()) {
      last_commit_boot_ns_ = now_ns;
      storage_ok_ = true;
    }
    database_bytes_ = timeline_->SizeBytes();
  }
  if (now_ns - last_retention_ns_ >= kRetentionNs) {
    last_retention_ns_ = now_ns;
    if (auto removed = timeline_->ApplyRetention(); !removed.ok()) {
      spdlog::warn("timeline: retention: {}", std::string(removed.status().message()));
    }
  }
}

}  // namespace nsobs
