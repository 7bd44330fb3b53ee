// Packets that the packet filter of a container's own net namespace drops: the first of its like.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakePacketDropRule(const AnomalyOptions& options);

}  // namespace nsobs
