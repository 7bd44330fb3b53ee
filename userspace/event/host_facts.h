// What a look at the whole host brought to light, apart from events: states that something is
// wrong.
#pragma once

#include <cstdint>
#include <vector>

#include "userspace/event/container.h"
#include "userspace/event/namespace_kind.h"

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
  bool bind_mounted = false;  // somewhere in the mount namespace of the observer
};

struct HostFacts {
  std::vector<ZombieCount> zombies;     // most first
  std::vector<LeakedNamespace> leaked;  // longest first

  bool empty() const { return zombies.empty() && leaked.empty(); }
};

}  // namespace nsobs
