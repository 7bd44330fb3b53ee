// What a look at the whole host brought to light, apart from events: states that something is
// wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/event/container.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/event/process.h"

namespace nsobs {

// Children of one living parent that ended and that it has not waited for.
struct ZombieCount {
  ContainerRef container;  // of the parent; nullptr: the host
  Process parent;
  uint32_t zombies = 0;
};

// A namespace that lives on after its container, and that nobody else owns.
struct LeakedNamespace {
  NamespaceKind kind = NamespaceKind::kNet;
  NamespaceIdentity identity;
  ContainerRef dead_owner;
  int64_t died_boot_ns = 0;  // when the container did
  uint32_t process_count = 0;
  bool bind_mounted = false;     // somewhere in the mount namespace of the observer
  Process holder = {};           // one that lives in it; pid 0: none is known
  std::string mount_point = {};  // of bind_mounted; raw bytes
};

// A program in the kernel that is attached, as far as is known, and no longer sees what the
// observer itself does.
struct SilentProbe {
  std::string source;             // "connect_return"
  std::string hook;               // "tracepoint/syscalls/sys_exit_connect"
  std::string blind;              // what is not seen without it
  uint64_t missed = 0;            // deeds in a row, on the CPU where it is most
  int64_t last_seen_boot_ns = 0;  // on the CPUs where it is silent; 0: none ever
  std::vector<uint32_t> cpus;     // where it is silent, ascending
  uint32_t cpus_tried = 0;
};

struct HostFacts {
  std::vector<ZombieCount> zombies;     // most first
  std::vector<LeakedNamespace> leaked;  // longest first

  bool empty() const { return zombies.empty() && leaked.empty(); }
};

// What the cgroup of one container has used and waited for; totals since its birth. nullopt: the
// kernel or the hierarchy doesn't tell.
struct CgroupFacts {
  ContainerRef container;
  std::optional<uint64_t> memory_limit_bytes;  // nullopt: none, or not known
  std::optional<uint64_t> memory_usage_bytes;
  std::optional<uint64_t> memory_limit_hits;  // memory.events max, or memory.failcnt of v1
  std::optional<uint64_t> cpu_periods;        // cpu.stat nr_periods
  std::optional<uint64_t> cpu_throttled_periods;
  std::optional<uint64_t> cpu_throttled_ns;
  std::optional<uint64_t> pids_current;
  std::optional<uint64_t> pids_limit;
  std::optional<uint64_t> pids_limit_hits;  // pids.events max
  // "some" totals of PSI in microseconds; only where each cgroup has its own (cgroup v2).
  std::optional<uint64_t> cpu_stalled_us;
  std::optional<uint64_t> memory_stalled_us;
  std::optional<uint64_t> io_stalled_us;
};

}  // namespace nsobs
