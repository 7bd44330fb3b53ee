// A target with a process that lives in it: what can be entered and looked into.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/main/target.h"

namespace nsobs {

struct LiveTarget {
  NamedTarget target;
  ProcessKey process;  // pid 0: none lives in it, and `net_fd` is all there is
  uint32_t init_pid = 0;
  UniqueFd net_fd;  // of a network namespace that ip netns keeps
};

// `text` as ResolveTarget() takes it. NOT_FOUND also when nothing lives in it any more.
absl::StatusOr<LiveTarget> ResolveLive(std::string_view text, const Inventory& inventory,
                                       const std::vector<std::string>& netns_roots,
                                       const std::string& proc_root = "/proc");

// Pid and start of a process that runs.
absl::StatusOr<ProcessKey> LiveProcess(uint32_t pid, const std::string& proc_root = "/proc");

}  // namespace nsobs
