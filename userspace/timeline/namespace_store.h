// The writing side of the table namespaces.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/timeline/container_store.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

// A namespace is (boot, kind, the kernel's id). Where the kernel has no id it is told apart from an
// earlier one with the same inode by its birth, which is an estimate: births within a second are
// the same, and of an unknown birth it is the one that is alive.
class NamespaceStore {
 public:
  // At most about `max_rows` are kept: beyond that the oldest that are dead go with each new one,
  // for whoever may make namespaces makes ten thousand a second.
  static absl::StatusOr<NamespaceStore> Make(Database* database, RunContext context,
                                             int64_t max_rows);

  absl::Status Upsert(const Timeline::NamespaceRow& row);
  absl::Status EndUnseen(int64_t died_wall_ns);

 private:
  NamespaceStore() = default;
  struct Existing {
    int64_t ref = 0;  // 0: none
    int64_t born_ns = 0;
    bool alive = false;
  };
  absl::StatusOr<Existing> FindLatest(const Timeline::NamespaceRow& row);
  absl::Status Insert(const Timeline::NamespaceRow& row);
  absl::Status Update(int64_t ref, const Timeline::NamespaceRow& row);
  absl::Status End(int64_t ref, int64_t died_wall_ns);
  absl::Status RemoveSurplus();

  RunContext context_;
  Statement find_;
  Statement insert_;
  Statement update_;
  Statement end_;
  Statement end_unseen_;
  Statement remove_surplus_;
  int64_t max_rows_ = 0;
  int inserted_ = 0;  // since surplus ones were last removed
};

}  // namespace nsobs
