// The certificate of a container's end: how, by whom, and what else died of it.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeContainerEndRule(const AnomalyOptions& options);

}  // namespace nsobs
