// The writing side of the table containers.
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/clock.h"
#include "userspace/event/container.h"
#include "userspace/timeline/database.h"

namespace nsobs {

// This run of the observer, for rows that say when and by whom they were last told.
struct RunContext {
  const Clock* clock = nullptr;
  std::string boot_id;
  int64_t run = 0;
};

// What tells apart containers with the same runtime and id: nothing for those of an engine, whose
// ids are never reused; for plain namespaces, named by an inode that is, the boot with the kernel's
// own id, else the start time, else the name.
std::string ContainerGeneration(const Container& container, const std::string& boot_id);

class ContainerStore {
 public:
  static absl::StatusOr<ContainerStore> Make(Database* database, RunContext context);

  // The row of the container, made if there is none; an existing one is left as it is.
  absl::StatusOr<int64_t> RefOf(const Container& container);
  absl::Status Upsert(const Container& container);
  // Marks those of earlier runs that are still alive as dead since `died_wall_ns`.
  absl::Status EndUnseen(int64_t died_wall_ns);

  // To be called when a transaction was undone or rows were deleted.
  void ForgetRefs() { refs_.clear(); }

 private:
  ContainerStore() = default;
  absl::StatusOr<int64_t> Find(const Container& container, const std::string& generation);

  RunContext context_;
  Statement find_;
  Statement upsert_;
  Statement end_unseen_;
  absl::flat_hash_map<std::string, int64_t> refs_;
};

}  // namespace nsobs
