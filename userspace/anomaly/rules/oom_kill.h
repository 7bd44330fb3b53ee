// Killed for lack of memory: the container's, an ancestor's or the host's.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeOomKillRule(const AnomalyOptions& options);

}  // namespace nsobs
