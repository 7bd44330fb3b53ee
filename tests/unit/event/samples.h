// Events with a value of its own in each field, for the tests of their JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "userspace/event/observed_event.h"

namespace nsobs {

using Json = nlohmann::ordered_json;  // its == compares the order of the fields too

inline constexpr int64_t kSampleWallNs =
    1'795'442'531'123'456'789;  // 2026-11-23T14:02:11.123456789Z
inline constexpr char kSampleTime[] = "2026-11-23T14:02:11.123456789Z";

// Namespaces with the inodes first, first + 1, ... in the order of kNamespaceKinds.
NamespaceSet SampleNamespaces(uint32_t first);
Json SampleNamespacesJson(uint32_t first);

Process SampleProcess(uint32_t pid, const std::string& comm);
// What SampleProcess(pid, comm) looks like.
Json SampleProcessJson(uint32_t pid, const std::string& comm);

ContainerRef SampleContainer(const std::string& name);
Json SampleContainerJson(const std::string& name);

// Of SampleProcess(4711, "curl") in SampleContainer("web") at kSampleWallNs.
ObservedEvent SampleEvent(EventKind kind, EventDetail detail);

}  // namespace nsobs
