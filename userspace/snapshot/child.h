// The short-lived child: looks into one target and says what it saw.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "userspace/base/fd.h"
#include "userspace/snapshot/request.h"
#include "userspace/snapshot/sandbox.h"

namespace nsobs {

struct ChildTask {
  SnapshotRequest request;
  UniqueFd net_fd;  // a net namespace held open; none if the target is a process
  UniqueFd out;     // pipe: lines of JSON, see frames.h
  absl::Time deadline;
  uint32_t helper_pid = 0;  // a process of the host's net namespace
};

// Runs in a process of its own, which has one thread; returns its exit code. Writes each section as
// soon as it is there, so that one that hangs loses itself only.
int RunChild(ChildTask task, const SyscallFilter& filter);

}  // namespace nsobs
