// A namespace that is still there long after its container.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeNamespaceLeakRule(const AnomalyOptions& options);

}  // namespace nsobs
