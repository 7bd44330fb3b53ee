// One open timeline.db with everything that writes to it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "userspace/base/clock.h"
#include "userspace/timeline/container_store.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/event_store.h"
#include "userspace/timeline/namespace_store.h"
#include "userspace/timeline/record_retention.h"
#include "userspace/timeline/retention.h"
#include "userspace/timeline/run_meta.h"
#include "userspace/timeline/snapshot_store.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

// How the bytes that the operator allows are shared out.
struct SpaceBudget {
  int64_t checkpoint_pages = 0;  // the log is copied into the file whenever it is this long
  int64_t log_bytes = 0;         // what of the log is kept on disk for reuse
  int64_t log_limit_bytes =
      0;                   // beyond this writing stops: some reader keeps the log from shrinking
  int64_t live_bytes = 0;  // of rows and indexes; free pages come on top
  int64_t namespace_rows = 0;  // about a sixteenth of the bytes, at 160 a row with its index
};
SpaceBudget ShareOut(uint64_t retention_bytes);

struct TimelineFile {
  // Opens the file, checks it and brings it up to date. The file exists, if only as an empty one.
  // DATA_LOSS: corrupt; ALREADY_EXISTS: somebody else's file; FAILED_PRECONDITION: of a newer
  // version, and untouched.
  static absl::StatusOr<std::unique_ptr<TimelineFile>> Open(const TimelineOptions& options,
                                                            const Clock* clock,
                                                            const std::string& boot_id);

  std::unique_ptr<Database> database;  // first: the others point at it
  RunMeta meta;
  EventStore events;
  ContainerStore containers;
  NamespaceStore namespaces;
  SnapshotStore snapshots;
  Retention retention;
  RecordRetention record_retention;
};

// Whether it is a whole database that no nsobserver made. Reads only.
bool IsAnothers(const std::string& path);

}  // namespace nsobs
