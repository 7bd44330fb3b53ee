#include "userspace/correlation/inventory.h"

namespace nsobs {

// Keys of counters repeat the inode where the kernel has no id.
bool Inventory::HasId(const NamespaceIdentity& ns) { return ns.id != 0 && ns.id != ns.inode; }

const Inventory::Entry* Inventory::Find(OwnerId id) const {
  auto it = owners_.find(id);
  // What turned out to be something else is one step away.
  if (it != owners_.end() && it->second.became != 0) it = owners_.find(it->second.became);
  return it == owners_.end() ? nullptr : &it->second;
}

const OwnerFacts* Inventory::Facts(OwnerId id) const {
  const Entry* entry = Find(id);
  return entry == nullptr ? nullptr : &entry->facts;
}

const OwnerList* Inventory::OwnersOf(NamespaceKind kind, const NamespaceIdentity& ns) const {
  const uint64_t id = HasId(ns) ? ns.id : 0;
  auto it = by_inode_.find({kind, ns.inode});
  if (id != 0 && it != by_inode_.end() && it->second.id == id) return &it->second.owners;
  if (id != 0) {
    auto old = by_id_.find({kind, id});
    if (old != by_id_.end()) return &old->second;
  }
  // With an id that isn't known, only a namespace whose own id isn't known either can be meant.
  if (it == by_inode_.end() || (id != 0 && it->second.id != 0)) return nullptr;
  return &it->second.owners;
}

const std::vector<OwnerList>* Inventory::GenerationsOf(NamespaceKind kind,
                                                       const NamespaceIdentity& ns) const {
  if (HasId(ns)) return nullptr;
  const auto it = reused_.find({kind, ns.inode});
  return it == reused_.end() ? nullptr : &it->second;
}

const OwnerList* Inventory::GenerationOf(OwnerId owner,
                                         const std::vector<OwnerList>& generations) const {
  const OwnerFacts* self = owner == 0 ? nullptr : Facts(owner);
  if (self == nullptr) return nullptr;
  for (const OwnerList& owners : generations) {
    if (IsOwnOrPodMates(owners, *self, *this)) return &owners;
  }
  return nullptr;
}

ContainerRef Inventory::OwnerOf(const CgroupKey& cgroup, NamespaceKind kind,
                                const NamespaceIdentity& ns) const {
  auto by_cgroup = cgroups_.find(cgroup);
  const OwnerId cgroup_owner = by_cgroup == cgroups_.end() ? 0 : by_cgroup->second;
  NamespaceOwners namespaces{};
  const OwnerList*& owners = namespaces[static_cast<size_t>(kind)];
  owners = OwnersOf(kind, ns);
  if (const auto* generations = GenerationsOf(kind, ns)) {
    owners = GenerationOf(cgroup_owner, *generations);
    if (owners == nullptr) return nullptr;
  }
  const Attribution whose = Attribute(cgroup_owner, namespaces, kind, *this);
  const Entry* entry = Find(whose.container);
  return entry == nullptr ? nullptr : entry->ref;
}

std::vector<CgroupKey> Inventory::CgroupsOf(const ContainerRef& container) const {
  for (const auto& [id, entry] : owners_) {
    if (entry.ref == container && entry.became == 0) return entry.cgroups;
  }
  return {};
}

}  // namespace nsobs
