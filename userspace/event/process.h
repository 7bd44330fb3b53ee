// A process as an event saw it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "userspace/event/namespace_kind.h"

namespace nsobs {

// Which cgroup names the container: that of the unified hierarchy (0) unless it is the root's, else
// that of the v1 memory hierarchy. kernfs ids are unique within one hierarchy.
struct CgroupKey {
  uint64_t id = 0;  // 0: not known
  uint32_t hierarchy = 0;

  friend bool operator==(const CgroupKey&, const CgroupKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const CgroupKey& k) {
    return H::combine(std::move(h), k.id, k.hierarchy);
  }
};

// What makes a pid an identity.
struct ProcessKey {
  uint32_t pid = 0;
  uint64_t start_boot_ns = 0;

  friend bool operator==(const ProcessKey&, const ProcessKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const ProcessKey& k) {
    return H::combine(std::move(h), k.pid, k.start_boot_ns);
  }
};

// Which file a process executes.
struct Executable {
  uint64_t inode = 0;     // 0: not known
  uint32_t device = 0;    // the kernel's dev_t: major << 20 | minor
  bool nameless = false;  // it has no name any more, or never had one (memfd)

  bool known() const { return inode != 0; }
  friend bool operator==(const Executable&, const Executable&) = default;
};

struct Process {
  uint32_t pid = 0;  // thread group id in the initial pid namespace; 0: not known
  uint32_t tid = 0;
  uint32_t ns_pid = 0;  // thread group id inside its own pid namespace
  uint32_t parent_pid = 0;
  uint64_t start_boot_ns = 0;
  uint32_t uid = 0;
  std::optional<uint32_t> login_uid;
  std::string comm;                     // raw bytes: sanitize on the way out
  std::optional<std::string> exe_args;  // as of its last exec, words separated by spaces; raw bytes
  CgroupKey cgroup;
  uint32_t cgroup_level = 0;  // 0: the root of the hierarchy
  NamespaceSet namespaces;

  ProcessKey key() const { return {pid, start_boot_ns}; }
};

}  // namespace nsobs
