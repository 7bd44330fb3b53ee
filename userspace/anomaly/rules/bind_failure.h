// An address that a container can't bind or listen at: the first failure.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeBindFailureRule(const AnomalyOptions& options);

}  // namespace nsobs
