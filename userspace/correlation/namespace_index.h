// Every namespace that was seen, and whose it is. A namespace is known by its id where the kernel
// gives one, else by its inode and the generation of it: inodes are reused at once.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "userspace/correlation/process_index.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {

// Of a container or another owner of namespaces, within one correlator; never reused. 0: none.
using OwnerId = uint64_t;

// Of one namespace. Most have one owner, which then takes no room of its own: there are thousands.
using OwnerList = absl::InlinedVector<OwnerId, 2>;

struct NamespaceInfo {
  uint64_t serial = 0;
  NamespaceKind kind = NamespaceKind::kNet;
  NamespaceIdentity identity;
  OwnerList owners;  // the first is whose it is; the others joined it
  // An engine made it: it belongs to the container that will appear in it.
  bool by_engine = false;
  // Its owner ended before an id was learnt: what shows up with this inode now is another one.
  bool sealed = false;
  // The first process of the host that ran a program in it, not counting the making.
  std::optional<ProcessId> resident;

  // Who made it, with its ancestors; nullptr: not seen.
  Lineage maker;

  uint32_t process_count = 0;
  ProcessKey some_process;
  std::string some_comm;
  uint32_t uid = 0;
  int64_t born_boot_ns = 0;  // 0: not known
  int64_t seen_boot_ns = 0;
  int64_t died_boot_ns = 0;  // 0: alive
  uint64_t previous = 0;     // serial of the generation before this one
};

// Not thread-safe. Pointers stay valid until the next call that adds or drops.
class NamespaceIndex {
 public:
  struct Limits {
    size_t namespaces = 16384;
    absl::Duration tombstone_ttl = absl::Minutes(10);
  };

  explicit NamespaceIndex(Limits limits) : limits_(limits) {}

  void SetHost(const NamespaceSet& host) { host_ = host; }
  const NamespaceSet& host() const { return host_; }
  // Where the host's own can't be read, nothing is taken for a namespace of somebody's.
  bool IsHost(NamespaceKind kind, const NamespaceIdentity& identity) const {
    return host_[kind].inode == 0 || identity.inode == host_[kind].inode;
  }

  // nullptr for the host's, the unreadable and the unknown. A record at `boot_ns` that names only
  // the inode means the generation of that time.
  NamespaceInfo* Find(NamespaceKind kind, const NamespaceIdentity& identity, int64_t boot_ns);
  // nullptr for the host's and the unreadable only.
  NamespaceInfo* FindOrAdd(NamespaceKind kind, const NamespaceIdentity& identity, int64_t boot_ns);
  // A namespace that a record shows as new: what had its inode before is dead.
  NamespaceInfo* Born(NamespaceKind kind, const NamespaceIdentity& identity, int64_t boot_ns);

  // `first`: it is the owner's. Else the owner shares it.
  void AddOwner(NamespaceInfo* info, OwnerId owner, bool first);
  void RemoveOwner(OwnerId owner);
  void MarkChanged(const NamespaceInfo& info) {
    changed_.insert(info.serial);
    ++version_;
  }
  uint64_t version() const { return version_; }  // changes with every birth, death and owner

  // Who is in which namespace, by /proc; those in `held` are bind-mounted. What was not heard of
  // since `started_boot_ns` and has nobody is dead.
  using InodeKey = std::pair<NamespaceKind, uint32_t>;
  void Reconcile(const absl::flat_hash_map<InodeKey, uint32_t>& process_counts,
                 const absl::flat_hash_set<InodeKey>& held, int64_t started_boot_ns);

  void DropTombstones(int64_t now_boot_ns);

  // Those that were born, died or changed owners since the last call; at most 10,000.
  std::vector<const NamespaceInfo*> TakeChanged();

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [serial, info] : infos_) visit(*info);
  }
  bool HasLiving(OwnerId owner) const;
  size_t size() const { return infos_.size(); }

 private:
  using IdKey = std::pair<NamespaceKind, uint64_t>;

  NamespaceInfo* Current(NamespaceKind kind, uint32_t inode);
  NamespaceInfo* Add(NamespaceKind kind, const NamespaceIdentity& identity, int64_t boot_ns);
  void Touch(NamespaceInfo* info, int64_t boot_ns);
  void Bury(NamespaceInfo* info, int64_t boot_ns);
  void Erase(uint64_t serial);
  void MakeRoom();

  const Limits limits_;
  NamespaceSet host_;
  uint64_t last_serial_ = 0;
  uint64_t version_ = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<NamespaceInfo>> infos_;
  absl::flat_hash_map<IdKey, uint64_t> by_id_;
  absl::flat_hash_map<InodeKey, uint64_t> by_inode_;  // the youngest generation
  absl::flat_hash_set<uint64_t> changed_;
  std::deque<uint64_t> by_age_;
  std::deque<std::pair<int64_t, uint64_t>> dead_;
};

}  // namespace nsobs
