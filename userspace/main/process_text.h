// Processes and containers in a line for people.
#pragma once

#include <string>

#include "userspace/main/json_field.h"

namespace nsobs {

// "curl[4711]", by its pid on the host; "unknown process" for null.
std::string ProcessText(const Json& process);

// "node[1] (pid 8123)" where the pid inside its container differs: for what befell a process of a
// container, whose people know it by that pid.
std::string InnerProcessText(const Json& process);

}  // namespace nsobs
