// The timeline as a queue of log records: what comes after a cursor, batch by batch.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "exporters/otlp/cursor.h"
#include "exporters/otlp/records.h"
#include "userspace/base/clock.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

struct OtlpBatch {
  std::vector<OtlpRecord> records;
  std::array<uint64_t, std::size(kOtlpKinds)> counts = {};  // of records, by kind
  OtlpCursor after;            // where the cursor is when these are acknowledged
  bool at_end = false;         // nothing more is there now
  int64_t oldest_wall_ns = 0;  // of the records; 0: there are none
  uint64_t expired = 0;        // rows before these that retention removed before they were sent
  uint64_t unreadable = 0;     // rows that no record can be made of
};

// Not thread-safe. Holds nothing of the file between two calls.
//
// A run of equal events is one row whose count grows for a while. It is sent when it is first seen,
// and again, with the same uid and a higher count, whenever it is found to have grown.
class Outbox {
 public:
  // Both outlive the outbox.
  Outbox(TimelineReader* reader, const Clock* clock, std::string host_id);

  // What comes after `cursor`, at most `max_records` (1 or more) and about kMaxBytes. Rows that are
  // not there any more, or damaged, are counted once, however often they are passed. Errors are the
  // reader's.
  absl::StatusOr<OtlpBatch> Next(const OtlpCursor& cursor, size_t max_records);

  // What was given out may not have arrived: growth is told again.
  void Forget();

  static constexpr size_t kMaxBytes = 1 << 20;  // before compression

 private:
  struct Room {
    size_t records = 0;
    size_t bytes = 0;
  };
  absl::Status AddEvents(const OtlpCursor& cursor, Room* room, OtlpBatch* batch);
  absl::Status AddGrown(const OtlpCursor& cursor, Room* room, OtlpBatch* batch);
  absl::Status AddFindings(const OtlpCursor& cursor, Room* room, OtlpBatch* batch);
  absl::Status AddSnapshots(const OtlpCursor& cursor, Room* room, OtlpBatch* batch);
  bool Take(OtlpKind kind, int64_t id, const std::string& json, Room* room, OtlpBatch* batch);
  absl::Status StayWithin(OtlpCursor* cursor);
  int64_t& Furthest(OtlpKind kind) { return furthest_[static_cast<size_t>(kind)]; }

  TimelineReader* const reader_;
  const Clock* const clock_;
  const std::string host_id_;
  std::map<int64_t, int64_t> counts_;  // event id -> count as given out; only what may still grow
  std::array<int64_t, std::size(kOtlpKinds)> furthest_ = {};  // up to here losses were counted
  bool begun_ = false;
  int64_t next_grown_boot_ns_ = 0;  // not before this is growth looked for
};

}  // namespace nsobs
