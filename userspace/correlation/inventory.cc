#include "userspace/correlation/inventory.h"

namespace nsobs {

ContainerRef Inventory::OwnerOf(const CgroupKey& cgroup, NamespaceKind,
                                const NamespaceIdentity&) const {
  auto it = by_cgroup_.find(cgroup);
  return it == by_cgroup_.end() ? nullptr : it->second;
}

}  // namespace nsobs
