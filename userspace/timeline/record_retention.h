// Removes snapshots and findings that are too old or too much, a little at a time. Each of the two
// has its share of the bytes, so that neither drives out the events.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/base/clock.h"
#include "userspace/timeline/age_clock.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/retention.h"

namespace nsobs {

class RecordRetention {
 public:
  // `limits` are those of the whole file.
  static absl::StatusOr<RecordRetention> Make(Database* database, const Clock* clock,
                                              RetentionLimits limits);

  // Works for at most about `budget`, each chunk in its own transaction.
  absl::Status Apply(absl::Duration budget);

 private:
  // One of the two tables.
  struct Table {
    Statement sum;     // of the bytes that are stored
    Statement oldest;  // id, time and bytes of a chunk
    Statement remove;
    int64_t most_bytes = 0;
  };

  static absl::StatusOr<Table> MakeTable(Database* database, const char* name, int64_t most_bytes);
  absl::StatusOr<int64_t> Sum(Table* table);
  // Whether there may be more to remove; `*bytes` is what the table holds, before and after.
  absl::StatusOr<bool> RemoveChunk(Table* table, int64_t cutoff, int64_t* bytes);

  Database* database_ = nullptr;
  std::optional<AgeClock> clock_;
  absl::Duration age_;
  Table snapshots_;
  Table findings_;
};

}  // namespace nsobs
