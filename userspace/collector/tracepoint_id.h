// The number of a tracepoint, as perf_event_open(2) wants it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"

namespace nsobs {

// Reads tracefs wherever it is mounted, else through a mount of our own that is attached nowhere
// (fsmount(2), Linux 5.2): the host's mount table stays as it is.
class TracepointIds {
 public:
  static absl::StatusOr<TracepointIds> Open();

  // `name` as "syscalls/sys_enter_setns"; NOT_FOUND if this kernel has no such tracepoint.
  absl::StatusOr<int> Get(const std::string& name) const;

 private:
  explicit TracepointIds(UniqueFd root) : root_(std::move(root)) {}
  UniqueFd root_;  // the root folder of tracefs
};

}  // namespace nsobs
