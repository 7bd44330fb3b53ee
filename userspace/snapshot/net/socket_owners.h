// Which process holds a socket.
#pragma once

#include "userspace/snapshot/net/net_context.h"

namespace nsobs {

// Fills `process` of the listeners: processes that live in the pid or the net namespace of process
// `pid` are looked through, at most 256 of them and 4,096 descriptors. Listeners that none of them
// holds keep null. `pid` 0: nothing to compare with, nothing done.
void NameSocketOwners(const NetContext& context, uint32_t pid, SectionJson* listeners);

}  // namespace nsobs
