// What sorts of records there are to the pipeline.
#pragma once

#include "userspace/event/event.h"

namespace nsobs {

// Names depend on it; it is not kept.
bool IsContext(EventKind kind);

// The end of a process that the kernel ended for what it did itself: signal(7), "Core".
bool IsCrash(const Event& event);

}  // namespace nsobs
