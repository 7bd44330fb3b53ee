// A name server that is silent, can't (SERVFAIL) or won't (REFUSED).
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeDnsFailureRule(const AnomalyOptions& options);

}  // namespace nsobs
