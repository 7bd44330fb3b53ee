// Containers, namespaces and events that look like those of a real host.
#pragma once

#include <string>
#include <vector>

#include "userspace/correlation/inventory.h"
#include "userspace/event/observed_event.h"

namespace nsobs {

// 2026-11-23T14:02:11.123456789Z
inline constexpr int64_t kSampleWallNs = 1795442531123456789;

NamespaceSet HostNamespaces();
NamespaceSet OwnNamespaces(uint32_t first_inode);  // all but cgroup, time and user are its own

ContainerRef WebContainer();      // podman, web
ContainerRef ShopWebContainer();  // containerd, in pod shop, shares net, ipc, uts with ShopDb
ContainerRef ShopDbContainer();
ContainerRef GuessedContainer();  // a name that is not certain, with hostile bytes
ContainerRef BlueNetns();         // ip netns add blue

// All of the above, and the host's and an unowned namespace.
std::vector<ContainerRef> SampleContainers();
std::vector<NamespaceRecord> SampleNamespaces();

// One of each kind and result, one a second.
std::vector<ObservedEvent> SampleEvents();

// As the timeline gives it: the event's JSON on one line, with an id.
std::string StoredJson(const ObservedEvent& event, int64_t id);

}  // namespace nsobs
