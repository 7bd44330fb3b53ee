// Looks into namespaces, read-only, from a process of its own.
//
// Start() forks the zygote: before BPF, threads and the database, so that it holds none of them.
// All that it does is fork a helper, and another one when that is gone. For each snapshot the
// helper forks a child that lives no longer than the deadline: it enters net namespaces only, reads
// /proc of the host and files below /proc/PID/root, under rlimits and seccomp, and writes what it
// sees to a pipe, section by section. userspace/README.md has the privileges and the bounds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "userspace/event/helper_end.h"
#include "userspace/snapshot/request.h"

namespace nsobs {

struct SnapshotterOptions {
  // Whether a zygote that is gone is replaced: takes a program that knows kZygoteCommand, and a
  // thread that lives as long as the snapshotter is asked for anything.
  bool replace_zygote = false;
  // Both are called in the thread of Take() or Mend(), which may call nothing of the snapshotter.
  HelperReplaced replaced = [](const HelperEnd&) {};
  std::function<void(int pid)> zygote_begins = [](int) {};  // another one; before it has a helper
};

class Snapshotter {
 public:
  // The only thread of the process must be the caller's.
  static absl::StatusOr<std::unique_ptr<Snapshotter>> Start(SnapshotterOptions options = {});
  virtual ~Snapshotter() = default;  // ends zygote and helper

  // {"target": {"pid", "alive", "namespaces"}, the sections that were asked for as
  // event/SNAPSHOT.md describes, "errors", "truncated", "took_ns"}. "host_net" is left out where
  // the target is in the host's net namespace: "net" is the same then. A child that is ended at the
  // deadline, or dies, leaves what it had read by then and a line in "errors".
  //
  // Blocks up to the deadline and a little; thread-safe, one at a time. If nothing was learnt:
  // DEADLINE_EXCEEDED: the child was ended; UNAVAILABLE: the helper ended meanwhile, or two
  // children hang in the kernel, or one does that looked at this target; NOT_FOUND: the target is
  // gone, or is another process by now, nothing was held open, and its container's init is not in
  // the same namespaces; INVALID_ARGUMENT: more than 64 peers, or a request of more than 128 KiB;
  // INTERNAL: the child died.
  //
  // A helper that is gone is replaced, at most once a second, as by Mend().
  virtual absl::StatusOr<nlohmann::ordered_json> Take(const SnapshotRequest& request) = 0;

  // Replaces what has ended: the helper, or the zygote and the helper with it. To be called now and
  // then, so that an end is noticed when nobody looks. Without a zygote, where that isn't replaced,
  // UNAVAILABLE: the observer itself holds what a helper must not, so it forks none. Thread-safe;
  // waits for a Take() under way.
  virtual absl::Status Mend() = 0;

  // In the observer's pid namespace. All that looks is children of the helper, which is the
  // zygote's; 0: there is none now.
  virtual int helper_pid() const = 0;
  virtual int zygote_pid() const = 0;
  virtual uint64_t helper_restarts() const = 0;  // since the start
};

}  // namespace nsobs
