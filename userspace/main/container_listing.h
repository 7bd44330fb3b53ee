// Containers as a table or as JSON. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/correlation/inventory.h"
#include "userspace/event/container.h"
#include "userspace/main/console.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

struct ContainerEntry {
  Container container;
  bool running = false;
  int64_t started_wall_ns = 0;  // 0: not known
  int64_t died_wall_ns = 0;     // 0: runs, or it is not known when it ended
  // How it has each namespace: "own", "host", "pod" (with all of its pod), "shared" (with somebody
  // else, too), "unknown". Empty: it doesn't run.
  std::map<NamespaceKind, std::string> use = {};
};

// Fills `use` of those that run.
void AddNamespaceUse(const Inventory& inventory, std::vector<ContainerEntry>* entries);

// What runs, with what the timeline has of engines about it; with `with_past` behind it what the
// timeline remembers and runs no more.
std::vector<ContainerEntry> MergeContainers(const std::vector<ContainerRef>& live,
                                            const std::vector<StoredContainer>& stored,
                                            const Clock& clock, bool with_past);

void PrintContainers(const std::vector<ContainerEntry>& entries, OutputFormat format,
                     int64_t now_wall_ns, const Console& console);

}  // namespace nsobs
