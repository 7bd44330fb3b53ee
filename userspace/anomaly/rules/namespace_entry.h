// Somebody who isn't its runtime came into a container.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeNamespaceEntryRule(const AnomalyOptions& options);

}  // namespace nsobs
