// A file that a program of a container can't have: the first failure, a few a minute.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeFileFailureRule(const AnomalyOptions& options);

}  // namespace nsobs
