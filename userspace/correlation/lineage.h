// A process with its ancestors as they were when each of them began to run its program: kept by who
// descends from them, so that the dead and those that lost their children stay in the chain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "userspace/event/process.h"

namespace nsobs {

// A pid that stays one process: /proc tells the start in clock ticks, the kernel side in
// nanoseconds; this is what both agree on.
struct ProcessId {
  uint32_t pid = 0;
  uint64_t start_ticks = 0;

  friend bool operator==(const ProcessId&, const ProcessId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const ProcessId& p) {
    return H::combine(std::move(h), p.pid, p.start_ticks);
  }
};
ProcessId IdOf(const Process& process);
ProcessId IdOf(const ProcessKey& key);

struct LineageNode;
using Lineage = std::shared_ptr<const LineageNode>;

// Immutable.
struct LineageNode {
  ProcessId id;
  std::string comm;                 // raw bytes
  std::optional<std::string> args;  // maybe cut; raw bytes
  bool args_cut = false;
  std::optional<uint32_t> login_uid;
  Executable executable;
  // The file behind it: `executable` if that has a name, else what the process ran before it ran
  // itself from memory, else what its parent ran.
  Executable named;
  CgroupKey cgroup;  // when it began to run the program; id 0: it only forked
  int depth = 1;
  Lineage parent;
};

struct LineageLimits {
  int depth;
  size_t args;
};
inline constexpr LineageLimits kHostLineage = {12, 512};
// Inside a container nobody looks further, and its processes shall not take our memory.
inline constexpr LineageLimits kContainedLineage = {4, 128};

// The piece of a chain that was kept last: siblings share it.
struct LineageCut {
  Lineage chain;
  int count = 0;
  Lineage nearest;
};

// `node` below `parent`, of which only the nearest are kept, so that `depth` is at most
// `max_depth`. `before`: what the same process ran until now, or nullptr. `last_cut`: of the call
// before, and then of this one; nullptr: nothing is shared.
Lineage Descend(LineageNode node, Lineage parent, const LineageNode* before,
                const LineageLimits& limits, LineageCut* last_cut = nullptr);

}  // namespace nsobs
