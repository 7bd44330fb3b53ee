// Containers as a table or as JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/event/container.h"
#include "userspace/main/console.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

struct ContainerEntry {
  Container container;
  bool running = false;
  int64_t started_wall_ns = 0;  // 0: not known
  int64_t died_wall_ns = 0;     // 0: runs, or it is not known when it ended
};

// What runs, with what the timeline has of engines about it; with `with_past` behind it what the
// timeline remembers and runs no more.
std::vector<ContainerEntry> MergeContainers(const std::vector<ContainerRef>& live,
                                            const std::vector<StoredContainer>& stored,
                                            const Clock& clock, bool with_past);

void PrintContainers(const std::vector<ContainerEntry>& entries, OutputFormat format,
                     int64_t now_wall_ns, const Console& console);

}  // namespace nsobs
