// Reading the tables snapshots and findings.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/timeline/container_filter.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// The next rows behind `*cursor` (an id; 0: from the beginning), which is moved on; empty at the
// end. `owners` is nullptr for any container. Damaged rows are counted, not given.
absl::StatusOr<std::vector<StoredFinding>> NextFindings(Database* database,
                                                        const RecordQuery& query,
                                                        const ContainerFilter* owners,
                                                        int64_t* cursor, uint64_t* damaged);
absl::StatusOr<std::vector<StoredSnapshot>> NextSnapshots(Database* database,
                                                          const RecordQuery& query,
                                                          const ContainerFilter* owners,
                                                          int64_t* cursor, uint64_t* damaged);

// With its record. NOT_FOUND; DATA_LOSS: the row is damaged.
absl::StatusOr<StoredSnapshot> ReadSnapshot(Database* database, int64_t id);
absl::StatusOr<StoredFinding> ReadFinding(Database* database, int64_t id);

}  // namespace nsobs
