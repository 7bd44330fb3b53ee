// What runs on the host at one moment: containers, namespaces, and whose a kernel counter is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "userspace/correlation/owner_rules.h"
#include "userspace/event/container.h"

namespace nsobs {

// One namespace, for listings, the timeline's table and metrics.
struct NamespaceRecord {
  using Owners = absl::InlinedVector<ContainerRef, 1>;

  NamespaceKind kind = NamespaceKind::kNet;
  NamespaceIdentity identity;
  Owners owners;  // the first is whose it is, the others share it; empty: nobody
  bool is_host = false;
  uint32_t process_count = 0;  // as of the last scan
  ProcessKey some_process;     // one that is or was in it; pid 0: none known
  std::string some_comm;       // raw bytes
  uint32_t uid = 0;            // of some_process
  int64_t born_boot_ns = 0;    // 0: not known (it was there before us)
  int64_t died_boot_ns = 0;    // 0: alive
};

// Immutable once published; shared between threads.
class Inventory : private OwnerLookup {
 public:
  // Alive first, then the dead that still have a tombstone; by name.
  const std::vector<ContainerRef>& containers() const { return containers_; }
  // The living: by kind, the host's first.
  const std::vector<NamespaceRecord>& namespaces() const { return namespaces_; }

  // Whose a kernel counter is: by cgroup, else by the namespace. nullptr: the host's, or not known.
  // Says what Correlator::Observe() says about a process in this cgroup and, besides the host's,
  // only this namespace. A key without an id (kernels before 6.18, but for net) does not say which
  // generation of its inode it means: where there were several, it is that of the cgroup's owner,
  // if there is one, else not known.
  ContainerRef OwnerOf(const CgroupKey& cgroup, NamespaceKind kind,
                       const NamespaceIdentity& ns) const;

  bool IsContainers(const CgroupKey& cgroup) const { return cgroups_.contains(cgroup); }

  // Does the key of a counter say which of several namespaces with one inode it means?
  static bool HasId(const NamespaceIdentity& ns);

  // The living cgroups whose processes are the container's, those of its own making left out: they
  // lie below. Empty: it has none of its own, as far as is known.
  std::vector<CgroupKey> CgroupsOf(const ContainerRef& container) const;

 private:
  friend class InventoryBuilder;
  using NamespaceKey = std::pair<NamespaceKind, uint64_t>;
  struct Entry {
    OwnerFacts facts;
    ContainerRef ref;
    OwnerId became = 0;
    std::vector<CgroupKey> cgroups;
  };
  struct Generation {
    uint64_t serial = 0;
    uint64_t id = 0;  // of the namespace; 0: not known
    OwnerList owners;
  };

  const OwnerFacts* Facts(OwnerId id) const override;
  const Entry* Find(OwnerId id) const;
  const OwnerList* OwnersOf(NamespaceKind kind, const NamespaceIdentity& ns) const;
  // nullptr: one generation alone is known.
  const std::vector<OwnerList>* GenerationsOf(NamespaceKind kind,
                                              const NamespaceIdentity& ns) const;
  const OwnerList* GenerationOf(OwnerId owner, const std::vector<OwnerList>& generations) const;

  std::vector<ContainerRef> containers_;
  std::vector<NamespaceRecord> namespaces_;
  absl::flat_hash_map<OwnerId, Entry> owners_;
  absl::flat_hash_map<CgroupKey, OwnerId> cgroups_;
  absl::flat_hash_map<NamespaceKey, OwnerList> by_id_;  // whose inode is another's by now
  absl::flat_hash_map<NamespaceKey, Generation> by_inode_;
  // Of an inode that was several namespaces without an id, one after the other: all of them.
  absl::flat_hash_map<NamespaceKey, std::vector<OwnerList>> reused_;
};

}  // namespace nsobs
