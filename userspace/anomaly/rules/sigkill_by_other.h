// A process of a container, not its init, killed by somebody outside.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeSigkillByOtherRule(const AnomalyOptions& options);

}  // namespace nsobs
