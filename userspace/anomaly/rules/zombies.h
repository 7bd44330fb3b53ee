// Processes that ended and that nobody waits for.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeZombiesRule(const AnomalyOptions& options);

}  // namespace nsobs
