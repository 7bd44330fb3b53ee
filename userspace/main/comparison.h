// Which of the eight namespaces two targets share. Pure.
#pragma once

#include <array>

#include "userspace/main/console.h"
#include "userspace/main/target.h"

namespace nsobs {

enum class Comparison { kSame, kDifferent, kUnknown };
std::array<Comparison, kNamespaceKindCount> CompareTargets(const NamedTarget& a,
                                                           const NamedTarget& b);

// Eight rows; kExitDone if at least one kind could be compared, else kExitNothing with a line.
ExitCode PrintComparison(const NamedTarget& a, const NamedTarget& b, OutputFormat format,
                         const Console& console);

}  // namespace nsobs
