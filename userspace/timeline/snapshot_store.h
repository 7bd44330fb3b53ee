// The writing side of the tables snapshots and findings.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/serial_rows.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {

class SnapshotStore {
 public:
  static absl::StatusOr<SnapshotStore> Make(Database* database);

  // The snapshot with its findings, within the caller's transaction; the snapshot's id.
  // `container` is a row of `containers`, nullopt the host. INVALID_ARGUMENT: the record is too
  // large.
  absl::StatusOr<int64_t> Insert(const SnapshotRow& row, std::optional<int64_t> container,
                                 const SerialRows& serials);

 private:
  SnapshotStore() = default;
  absl::Status InsertFinding(const SnapshotRow& row, const Finding& finding,
                             std::optional<int64_t> container, int64_t snapshot,
                             const SerialRows& serials);

  Database* database_ = nullptr;
  Statement insert_snapshot_;
  Statement insert_finding_;
};

}  // namespace nsobs
