// What runs on the host at one moment: containers, namespaces, and whose a kernel counter is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "userspace/event/container.h"

namespace nsobs {

// One namespace, for listings, the timeline's table and metrics.
struct NamespaceRecord {
  NamespaceKind kind = NamespaceKind::kNet;
  NamespaceIdentity identity;
  std::vector<ContainerRef> owners;  // the first is whose it is, the others share it; empty: nobody
  bool is_host = false;
  uint32_t process_count = 0;  // as of the last scan
  ProcessKey some_process;     // one that is or was in it; pid 0: none known
  std::string some_comm;       // raw bytes
  uint32_t uid = 0;            // of some_process
  int64_t born_boot_ns = 0;    // 0: not known (it was there before us)
  int64_t died_boot_ns = 0;    // 0: alive
};

// Immutable once published; shared between threads.
class Inventory {
 public:
  // Alive first, then the dead that still have a tombstone.
  const std::vector<ContainerRef>& containers() const { return containers_; }
  const std::vector<NamespaceRecord>& namespaces() const { return namespaces_; }

  // Whose a kernel counter is: by cgroup, else by the namespace. nullptr: the host. Says what
  // Correlator::Observe() says about a process with this cgroup and only this namespace.
  ContainerRef OwnerOf(const CgroupKey& cgroup, NamespaceKind kind,
                       const NamespaceIdentity& ns) const;

 private:
  friend class InventoryBuilder;
  using NamespaceKey = std::pair<NamespaceKind, uint64_t>;

  std::vector<ContainerRef> containers_;
  std::vector<NamespaceRecord> namespaces_;
  absl::flat_hash_map<CgroupKey, ContainerRef> by_cgroup_;
  absl::flat_hash_map<NamespaceKey, size_t> by_id_;     // into namespaces_
  absl::flat_hash_map<NamespaceKey, size_t> by_inode_;  // the living generation of each inode
};

}  // namespace nsobs
