// A destination that a container can't connect to: the first failure, and bursts.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeConnectFailureRule(const AnomalyOptions& options);

}  // namespace nsobs
