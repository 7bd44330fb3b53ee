#include "userspace/correlation/owner_rules.h"

#include <algorithm>

namespace nsobs {
namespace {

// After these two the order is that of the enum.
constexpr std::array<NamespaceKind, kNamespaceKindCount> kOrder = {
    NamespaceKind::kMnt, NamespaceKind::kPid,  NamespaceKind::kNet,  NamespaceKind::kCgroup,
    NamespaceKind::kIpc, NamespaceKind::kTime, NamespaceKind::kUser, NamespaceKind::kUts};

const OwnerList* At(const NamespaceOwners& namespaces, NamespaceKind kind) {
  return namespaces[static_cast<size_t>(kind)];
}

// The primary owner if it is of the wanted sort, else 0: a container that joined a plain namespace
// doesn't make those who were there before its own.
OwnerId OwnerOfSort(const OwnerList* owners, bool plain, const OwnerLookup& lookup) {
  if (owners == nullptr) return 0;
  const OwnerId id = PrimaryOwner(*owners, lookup);
  return id != 0 && lookup.Facts(id)->plain == plain ? id : 0;
}

Attribution AttributeContained(const OwnerFacts& self, const NamespaceOwners& namespaces,
                               const OwnerLookup& lookup) {
  for (NamespaceKind kind : kOrder) {
    const auto* owners = At(namespaces, kind);
    if (owners == nullptr || IsOwnOrPodMates(*owners, self, lookup)) continue;
    const OwnerId other = OwnerOfSort(owners, /*plain=*/false, lookup);
    if (other != 0) return {other, true, self.id};
  }
  return {self.id, false, 0};
}

OwnerId PlainOwner(const NamespaceOwners& namespaces, NamespaceKind first,
                   const OwnerLookup& lookup) {
  OwnerId owner = OwnerOfSort(At(namespaces, first), /*plain=*/true, lookup);
  for (size_t i = 0; i < kOrder.size() && owner == 0; ++i) {
    owner = OwnerOfSort(At(namespaces, kOrder[i]), /*plain=*/true, lookup);
  }
  return owner;
}

}  // namespace

bool IsOwnOrPodMates(const OwnerList& owners, const OwnerFacts& self, const OwnerLookup& lookup) {
  return std::any_of(owners.begin(), owners.end(), [&](OwnerId id) {
    if (id == self.id) return true;
    const OwnerFacts* facts = lookup.Facts(id);
    return facts != nullptr && !self.pod_key.empty() && facts->pod_key == self.pod_key;
  });
}

OwnerId PrimaryOwner(const OwnerList& owners, const OwnerLookup& lookup) {
  OwnerId dead = 0;
  for (OwnerId id : owners) {
    const OwnerFacts* facts = lookup.Facts(id);
    if (facts == nullptr) continue;
    if (facts->alive) return id;
    if (dead == 0) dead = id;
  }
  return dead;
}

Attribution Attribute(OwnerId cgroup_owner, const NamespaceOwners& namespaces, NamespaceKind first,
                      const OwnerLookup& lookup) {
  const OwnerFacts* self = cgroup_owner == 0 ? nullptr : lookup.Facts(cgroup_owner);
  if (self != nullptr) return AttributeContained(*self, namespaces, lookup);
  for (NamespaceKind kind : kOrder) {
    const OwnerId other = OwnerOfSort(At(namespaces, kind), /*plain=*/false, lookup);
    if (other == 0) continue;
    const auto* pid_owners = At(namespaces, NamespaceKind::kPid);
    const bool in_its_pid_ns =
        pid_owners != nullptr &&
        std::find(pid_owners->begin(), pid_owners->end(), other) != pid_owners->end();
    const OwnerFacts& facts = *lookup.Facts(other);
    const bool in_hosts = facts.host_pid && pid_owners == nullptr && kind == NamespaceKind::kMnt;
    const bool own = !facts.has_cgroup && (in_its_pid_ns || in_hosts);
    return {other, !own, 0};
  }
  return {PlainOwner(namespaces, first, lookup), false, 0};
}

}  // namespace nsobs
