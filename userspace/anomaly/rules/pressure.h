// A container that waits for memory, cpu or io, or runs into a limit.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakePressureRule(const AnomalyOptions& options);

}  // namespace nsobs
