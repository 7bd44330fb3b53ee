// Processes and containers in a line for people.
#pragma once

#include <string>

#include "userspace/main/json_field.h"

namespace nsobs {

// "curl[4711]"; "node[1] (pid 8123)" where the pid inside differs; "unknown process" for null.
std::string ProcessText(const Json& process);

}  // namespace nsobs
