// Processes of a container that crash, once and again.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeCrashRule(const AnomalyOptions& options);

}  // namespace nsobs
