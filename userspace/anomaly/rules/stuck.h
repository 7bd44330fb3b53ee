// Processes of a container that got SIGKILL and are still there.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeStuckRule(const AnomalyOptions& options);

}  // namespace nsobs
