// What a program saw of the heartbeat: userspace/pipeline/heartbeat.h.
#pragma once

#include <cstdint>

namespace nsobs {

struct BeatCount {
  uint64_t count = 0;
  uint32_t cpu = 0;  // where it ran the last time
};

}  // namespace nsobs
