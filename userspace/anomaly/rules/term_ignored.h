// A stop that PID 1 didn't follow, so that the container had to be killed.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeTermIgnoredRule(const AnomalyOptions& options);

}  // namespace nsobs
