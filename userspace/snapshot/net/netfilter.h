// The packet filter rules of the net namespace that the calling thread is in.
#pragma once

#include "userspace/snapshot/net/net_context.h"

namespace nsobs {

// `netfilter` of event/SNAPSHOT.md, by libnftables; it needs CAP_NET_ADMIN. Elements of named sets
// are left out. libnftables ends the process if memory runs out: read it last.
SectionJson ReadNetfilter(const NetContext& context);

}  // namespace nsobs
