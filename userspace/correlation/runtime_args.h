// The container that a low-level runtime was told to make, as its own arguments say. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace nsobs {

struct RuntimeCall {
  std::string runtime;  // "runc", "crun", "runsc", "nspawn"
  std::string id;
};

// nullopt if `args` are no `runc run ID`, `crun create ID` and the like, or of an engine: what runc
// does for docker or containerd has a better name elsewhere. Says nothing of who chose the
// arguments.
std::optional<RuntimeCall> ParseRuntimeCall(const std::vector<std::string>& args);

}  // namespace nsobs
