// A program in the kernel that no longer sees what the observer itself does: whoever detaches it
// wants not to be seen.
#pragma once

#include <memory>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

std::unique_ptr<Rule> MakeSilentProbeRule(const AnomalyOptions& options);  // nullptr: off

}  // namespace nsobs
