// Looks into namespaces, read-only, from a process of its own.
//
// Start() forks the helper: before BPF, threads and the database, so that it holds none of them.
// For each snapshot the helper forks a child that lives no longer than the deadline: it enters the
// net namespace only, reads /proc of the host and files below /proc/PID/root by openat2, under
// rlimits, seccomp and Landlock, and writes JSON to a pipe. See THREATS in tests/README.md.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "userspace/snapshot/request.h"

namespace nsobs {

class Snapshotter {
 public:
  // The only thread of the process must be the caller's.
  static absl::StatusOr<std::unique_ptr<Snapshotter>> Start();
  virtual ~Snapshotter() = default;  // ends the helper

  // The sections that were asked for, as event/SNAPSHOT.md describes, with "errors" and "took_ns".
  // Blocks up to the deadline and a little; thread-safe, one at a time. DEADLINE_EXCEEDED: the
  // child was ended; UNAVAILABLE: the helper is gone or too many children hang; NOT_FOUND: the
  // target is gone, or is another process by now, and nothing was held open.
  virtual absl::StatusOr<nlohmann::ordered_json> Take(const SnapshotRequest& request) = 0;
};

}  // namespace nsobs
