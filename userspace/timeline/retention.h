// Removes what is too old or too much, a little at a time.
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/base/clock.h"
#include "userspace/timeline/age_clock.h"
#include "userspace/timeline/database.h"

namespace nsobs {

struct RetentionLimits {
  absl::Duration age;
  int64_t file_bytes = 0;  // of the database file alone
};

struct RetentionResult {
  uint64_t events = 0;      // removed
  uint64_t containers = 0;  // dead, and nothing names them any more
};

class Retention {
 public:
  static absl::StatusOr<Retention> Make(Database* database, const Clock* clock,
                                        RetentionLimits limits);

  // Works for at most about `budget`, each chunk in its own transaction. Events for which `keep`
  // is true are spared when there is too much, not when they are too old.
  absl::StatusOr<RetentionResult> Apply(absl::Duration budget,
                                        absl::FunctionRef<bool(int64_t id)> keep);

 private:
  Retention(Database* database, const Clock* clock, RetentionLimits limits)
      : database_(database), clock_(clock), limits_(limits) {}

  struct Chunk {
    uint64_t seen = 0;
    uint64_t removed = 0;
    int64_t last_id = 0;
  };
  // What `select` yields for its one parameter.
  absl::StatusOr<Chunk> RemoveChunk(Statement* select, int64_t parameter,
                                    absl::FunctionRef<bool(int64_t)> keep);
  absl::Status RemoveEvent(int64_t id, int64_t kind);
  absl::StatusOr<uint64_t> RemoveOld(int64_t cutoff, absl::Time deadline);
  absl::StatusOr<uint64_t> RemoveOldest(absl::Time deadline, absl::FunctionRef<bool(int64_t)> keep);
  absl::StatusOr<uint64_t> RemoveDeadContainers(int64_t cutoff);
  absl::Status RemoveDeadNamespaces(int64_t cutoff);
  absl::Status GiveBackSpace();
  absl::StatusOr<int64_t> LiveBytes();

  Database* database_;
  AgeClock clock_;
  RetentionLimits limits_;
  Statement select_old_;
  Statement select_oldest_;
  Statement delete_event_;
  Statement delete_loss_;
  Statement delete_gap_;
  Statement container_window_;
  Statement delete_containers_;
  Statement namespace_window_;
  Statement delete_namespaces_;
  int64_t container_cursor_ = 0;  // the tables of owners are gone through a window a call
  int64_t namespace_cursor_ = 0;
};

}  // namespace nsobs
