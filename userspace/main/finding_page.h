// One finding for people: what happened, what is wrong, why that is so, and what to do. Pure.
#pragma once

#include <vector>

#include "userspace/main/console.h"
#include "userspace/main/json_field.h"

namespace nsobs {

// `finding` is the contract's object (without an id: not stored), `record` the snapshot that it was
// drawn from or null, `events` those that it names.
void PrintFinding(const Json& finding, const Json& record, const std::vector<Json>& events,
                  const Console& console);

}  // namespace nsobs
