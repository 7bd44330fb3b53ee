// The rules that say whose an event is, from who owns the cgroup and the namespaces of its process.
// Pure: the same code answers for events and for kernel counters.
#pragma once

#include <array>
#include <string>

#include "userspace/correlation/namespace_index.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {

// What the rules need to know of an owner.
struct OwnerFacts {
  OwnerId id = 0;
  bool plain = false;  // `ip netns` or `unshare`, not a container of a runtime
  bool alive = true;
  bool has_cgroup = true;  // false: its processes stay in somebody else's cgroup
  bool host_pid = false;   // it has no pid namespace of its own but the host's
  std::string pod_key;     // "": in no pod
};

// Looks an owner up; nullptr if it isn't known (any more).
class OwnerLookup {
 public:
  virtual ~OwnerLookup() = default;
  virtual const OwnerFacts* Facts(OwnerId id) const = 0;
};

// The owners of each namespace of a process; nullptr for the host's and the unknown.
using NamespaceOwners = std::array<const OwnerList*, kNamespaceKindCount>;

struct Attribution {
  OwnerId container = 0;     // 0: the host
  bool entered = false;      // the process came in from outside
  OwnerId entered_from = 0;  // with entered: 0 is the host
};

// `cgroup_owner` is the container by cgroup, 0 the host. `first` is the kind of namespace that
// matters to the event: among plain owners its owner goes before the others.
//
// - In a container's cgroup: the container's, unless a namespace belongs to another container that
//   is not of the same pod: then it entered that one. Plain owners don't count: engines run in
//   namespaces of their own, and what they start passes through those.
// - In the host's cgroup: of the container that owns a namespace (mnt, pid, net, then the rest).
//   It entered, except when the container has no cgroup of its own and the process is in its pid
//   namespace, or, where that is the host's, in its mount namespace. Else of the plain owner, which
//   nobody enters.
Attribution Attribute(OwnerId cgroup_owner, const NamespaceOwners& namespaces, NamespaceKind first,
                      const OwnerLookup& lookup);

// True if `self` or a container of its pod is among the owners.
bool IsOwnOrPodMates(const OwnerList& owners, const OwnerFacts& self, const OwnerLookup& lookup);

// Whose a namespace is among those who share it: the first that is alive, else the first.
OwnerId PrimaryOwner(const OwnerList& owners, const OwnerLookup& lookup);

}  // namespace nsobs
