// What the observer itself uses.
#pragma once

#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// Fills cpu_seconds, resident_bytes, open_fds and threads from this process.
void ReadOwnUsage(AgentHealth* health);

}  // namespace nsobs
