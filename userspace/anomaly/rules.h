// The list of all rules, made explicitly.
#pragma once

#include <memory>
#include <vector>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

// Those that are switched on.
std::vector<std::unique_ptr<Rule>> MakeRules(const AnomalyOptions& options);

}  // namespace nsobs
