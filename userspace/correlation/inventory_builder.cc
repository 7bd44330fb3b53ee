#include "userspace/correlation/inventory_builder.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace nsobs {

NamespaceRecord ToRecord(const NamespaceInfo& info, const OwnerTable& owners) {
  NamespaceRecord record;
  record.kind = info.kind;
  record.identity = info.identity;
  for (OwnerId id : info.owners) {
    const Owner* owner = owners.Get(id);
    if (owner != nullptr && owner->ref != nullptr) record.owners.push_back(owner->ref);
  }
  record.process_count = info.process_count;
  record.some_process = info.some_process;
  record.some_comm = info.some_comm;
  record.uid = info.uid;
  record.born_boot_ns = info.born_boot_ns;
  record.died_boot_ns = info.died_boot_ns;
  return record;
}

namespace {

// Where it was put by its runtime, in both hierarchies, and where its processes were seen.
std::vector<CgroupKey> LivingCgroups(const Owner& owner, const Indexes& indexes) {
  std::vector<CgroupKey> out;
  if (!owner.facts.has_cgroup || !owner.facts.alive) return out;
  const auto add = [&](const CgroupKey& key) {
    if (std::find(out.begin(), out.end(), key) == out.end()) out.push_back(key);
  };
  const std::string& path = owner.draft.cgroup_path;
  for (const uint32_t hierarchy : {0u, indexes.cgroups.mounts().memory_hierarchy}) {
    if (path.size() < 2) continue;
    if (const auto key = indexes.cgroups.Find(hierarchy, path)) add(*key);
  }
  for (const CgroupKey& key : owner.cgroups) {
    if (indexes.cgroups.IsAlive(key)) add(key);
  }
  return out;
}

}  // namespace

std::shared_ptr<const Inventory> InventoryBuilder::Build(const Indexes& indexes,
                                                         const HostView& view) {
  auto inventory = std::make_shared<Inventory>();
  AddOwners(indexes, inventory.get());
  AddNamespaces(indexes, view, inventory.get());
  inventory->cgroups_ = indexes.finder.KnownOwners();
  return inventory;
}

void InventoryBuilder::AddOwners(const Indexes& indexes, Inventory* out) {
  indexes.owners.ForEach([&](const Owner& owner) {
    out->owners_[owner.facts.id] = {owner.facts, owner.ref, owner.became,
                                    LivingCgroups(owner, indexes)};
    if (owner.ref != nullptr && owner.became == 0) out->containers_.push_back(owner.ref);
  });
  std::sort(out->containers_.begin(), out->containers_.end(),
            [](const ContainerRef& a, const ContainerRef& b) {
              const auto rank = [](const Container& c) {
                return std::make_tuple(c.died_boot_ns != 0, std::cref(c.name), std::cref(c.id));
              };
              return rank(*a) < rank(*b);
            });
}

void InventoryBuilder::AddNamespaces(const Indexes& indexes, const HostView& view, Inventory* out) {
  size_t living = kNamespaceKindCount;
  indexes.namespaces.ForEach([&](const NamespaceInfo& info) { living += info.died_boot_ns == 0; });
  out->namespaces_.reserve(living);
  for (NamespaceKind kind : kNamespaceKinds) {
    NamespaceRecord record;
    record.kind = kind;
    record.identity = indexes.namespaces.host()[kind];
    record.is_host = true;
    auto count = view.host_counts().find(kind);
    if (count != view.host_counts().end()) record.process_count = count->second;
    if (record.identity.inode != 0) out->namespaces_.push_back(std::move(record));
  }
  indexes.namespaces.ForEach([&](const NamespaceInfo& info) {
    auto& by_inode = out->by_inode_[{info.kind, info.identity.inode}];
    // Several generations of one inode: the youngest is the one that a bare inode means.
    Inventory::Generation other{info.serial, info.identity.id, info.owners};
    if (other.serial > by_inode.serial) std::swap(other, by_inode);
    if (other.id != 0)
      out->by_id_[{info.kind, other.id}] = std::move(other.owners);
    else if (other.serial != 0)
      out->reused_[{info.kind, info.identity.inode}].push_back(std::move(other.owners));
    if (info.died_boot_ns == 0) out->namespaces_.push_back(ToRecord(info, indexes.owners));
  });
  for (auto& [key, generations] : out->reused_) {
    generations.push_back(out->by_inode_[key].owners);
  }
  std::stable_sort(out->namespaces_.begin(), out->namespaces_.end(),
                   [](const NamespaceRecord& a, const NamespaceRecord& b) {
                     return std::make_tuple(a.kind, !a.is_host, a.identity.inode) <
                            std::make_tuple(b.kind, !b.is_host, b.identity.inode);
                   });
}

}  // namespace nsobs
