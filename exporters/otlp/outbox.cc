#include "exporters/otlp/outbox.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1000 * 1000 * 1000;
// From the last event of a run to the commit that tells, with a queue in between.
constexpr int64_t kMaxCommitNs = 10 * kSecond;
constexpr size_t kMaxCounts = 1 << 16;
// Looking for growth reads all rows of the last seconds: at most a twentieth of the time goes
// there.
constexpr int64_t kGrownEveryNs = 2 * kSecond;
constexpr int64_t kGrownShare = 20;

// Of an event of the contract, where it stands before all that a container chose. Not parsed: for
// growth each row of the last seconds is looked at again and again.
int64_t CountOf(const std::string& json) {
  constexpr std::string_view kKey = "\"count\":";
  const size_t at = json.find(kKey);
  int64_t count = 0;
  if (at == std::string::npos) return count;
  std::from_chars(json.data() + at + kKey.size(), json.data() + json.size(), count);
  return count;
}

// Damaged rows are left out by the reader, and all others were visited.
absl::Status Unless(const absl::Status& status) {
  return absl::IsDataLoss(status) ? absl::OkStatus() : status;
}

}  // namespace

Outbox::Outbox(TimelineReader* reader, const Clock* clock, std::string host_id)
    : reader_(reader), clock_(clock), host_id_(std::move(host_id)) {}

void Outbox::Forget() {
  counts_.clear();
  next_grown_boot_ns_ = 0;
}

// A fresh timeline in the same folder begins its ids anew, and what is there was never sent.
absl::Status Outbox::StayWithin(OtlpCursor* cursor) {
  NSOBS_ASSIGN_OR_RETURN(const int64_t event, reader_->LastEventId());
  NSOBS_ASSIGN_OR_RETURN(const int64_t finding, reader_->LastFindingId());
  if (event < cursor->event_id) {
    furthest_.fill(0);
    Furthest(OtlpKind::kEvent) = event;
    cursor->event_id = event;
    cursor->snapshot_id = 0;
  }
  cursor->finding_id = std::min(cursor->finding_id, finding);
  return absl::OkStatus();
}

bool Outbox::Take(OtlpKind kind, int64_t id, const std::string& json, Room* room,
                  OtlpBatch* batch) {
  std::optional<OtlpRecord> record = MakeOtlpRecord(kind, json, host_id_);
  if (record) {
    if (room->records == 0) return false;
    if (!batch->records.empty() && room->bytes < record->ByteSizeLong()) return false;
  }
  int64_t& furthest = Furthest(kind);
  if (id > furthest) {
    // Ids have no holes: what is missing was removed by age, or is damaged.
    if (furthest > 0) batch->expired += static_cast<uint64_t>(id - furthest - 1);
    furthest = id;
    if (!record) ++batch->unreadable;  // not of the contract: nothing that anybody could read
  }
  if (!record) return true;
  const size_t bytes = record->ByteSizeLong();
  --room->records;
  room->bytes -= std::min(room->bytes, bytes);
  const auto wall_ns = static_cast<int64_t>(record->time_unix_nano());
  if (batch->oldest_wall_ns == 0) batch->oldest_wall_ns = wall_ns;
  batch->oldest_wall_ns = std::min(batch->oldest_wall_ns, wall_ns);
  ++batch->counts[static_cast<size_t>(kind)];
  batch->records.push_back(*std::move(record));
  return true;
}

absl::Status Outbox::AddEvents(const OtlpCursor& cursor, Room* room, OtlpBatch* batch) {
  const int64_t young = clock_->WallNs() - 2 * kMaxCommitNs;
  EventQuery query;
  query.after_id = cursor.event_id;
  query.limit = room->records;
  size_t visited = 0;
  bool full = false;
  const absl::Status status = reader_->Events(query, [&](const StoredEvent& event) {
    full = !Take(OtlpKind::kEvent, event.id, event.json, room, batch);
    if (full) return false;
    ++visited;
    batch->after.event_id = event.id;
    const bool may_grow = !batch->records.empty() &&
                          static_cast<int64_t>(batch->records.back().time_unix_nano()) >= young;
    if (may_grow && counts_.size() < kMaxCounts) {
      counts_[event.id] = CountOf(event.json);
    }
    return true;
  });
  if (full || visited == query.limit) batch->at_end = false;
  return Unless(status);
}

// Rows that were sent, and that an event was added to since.
absl::Status Outbox::AddGrown(const OtlpCursor& cursor, Room* room, OtlpBatch* batch) {
  const int64_t begin_boot_ns = clock_->BootNs(), begin_wall_ns = clock_->WallNs();
  if (begin_boot_ns < next_grown_boot_ns_) return absl::OkStatus();
  EventQuery query;
  query.since_wall_ns = std::min(cursor.grown_since_wall_ns, begin_wall_ns) - kMaxCommitNs;
  bool complete = true;
  const int64_t oldest_wall_ns = batch->oldest_wall_ns;  // a run's beginning was told in time
  std::map<int64_t, int64_t> counts;
  const absl::Status status = reader_->Events(query, [&](const StoredEvent& event) {
    if (event.id > cursor.event_id) return false;  // in order of ids: the rest is to be sent yet
    const int64_t count = CountOf(event.json);
    const auto known = counts_.find(event.id);
    if (known == counts_.end() || known->second != count) {
      complete = Take(OtlpKind::kEvent, event.id, event.json, room, batch);
      if (!complete) return false;
    }
    counts[event.id] = count;
    return true;
  });
  NSOBS_RETURN_IF_ERROR(Unless(status));
  batch->oldest_wall_ns = oldest_wall_ns;
  if (complete) {
    for (auto it = counts_.upper_bound(cursor.event_id); it != counts_.end(); ++it) {
      counts.insert(*it);  // of this very batch
    }
    counts_ = std::move(counts);
    batch->after.grown_since_wall_ns = begin_wall_ns;
    const int64_t took = clock_->BootNs() - begin_boot_ns;
    next_grown_boot_ns_ = begin_boot_ns + std::max(kGrownEveryNs, took * kGrownShare);
  } else {
    for (const auto& [id, count] : counts) counts_[id] = count;  // goes on with the next batch
    batch->at_end = false;
  }
  return absl::OkStatus();
}

absl::Status Outbox::AddFindings(const OtlpCursor& cursor, Room* room, OtlpBatch* batch) {
  RecordQuery query;
  query.after_id = cursor.finding_id;
  return Unless(reader_->Findings(query, [&](const StoredFinding& finding) {
    if (!Take(OtlpKind::kFinding, finding.id, finding.json, room, batch)) {
      batch->at_end = false;
      return false;
    }
    batch->after.finding_id = finding.id;
    return true;
  }));
}

absl::Status Outbox::AddSnapshots(const OtlpCursor& cursor, Room* room, OtlpBatch* batch) {
  RecordQuery query;
  query.after_id = cursor.snapshot_id;
  return Unless(reader_->Snapshots(query, [&](const StoredSnapshot& snapshot) {
    if (!Take(OtlpKind::kSnapshot, snapshot.id, snapshot.json, room, batch)) {
      batch->at_end = false;
      return false;
    }
    batch->after.snapshot_id = snapshot.id;
    return true;
  }));
}

absl::StatusOr<OtlpBatch> Outbox::Next(const OtlpCursor& from, size_t max_records) {
  OtlpCursor cursor = from;
  NSOBS_RETURN_IF_ERROR(StayWithin(&cursor));
  if (!begun_) {
    begun_ = true;
    Furthest(OtlpKind::kEvent) = cursor.event_id;
    Furthest(OtlpKind::kFinding) = cursor.finding_id;
    Furthest(OtlpKind::kSnapshot) = cursor.snapshot_id;
  }
  // Of rows that are sent from now on; before the first of them is read.
  if (cursor.grown_since_wall_ns == 0) cursor.grown_since_wall_ns = clock_->WallNs();
  OtlpBatch batch;
  batch.after = cursor;
  Room room{std::max<size_t>(max_records, 1), kMaxBytes};
  // Findings and snapshots are few, and must not wait behind a flood of events.
  batch.at_end = true;
  NSOBS_RETURN_IF_ERROR(AddFindings(cursor, &room, &batch));
  NSOBS_RETURN_IF_ERROR(AddSnapshots(cursor, &room, &batch));
  if (room.records == 0) {
    batch.at_end = false;
    return batch;
  }
  NSOBS_RETURN_IF_ERROR(AddEvents(cursor, &room, &batch));
  if (batch.at_end) NSOBS_RETURN_IF_ERROR(AddGrown(cursor, &room, &batch));
  return batch;
}

}  // namespace nsobs
