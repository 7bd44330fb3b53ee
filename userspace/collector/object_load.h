// An object with some of its programs: opened, configured, loaded.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "userspace/collector/bpf_object.h"
#include "userspace/collector/probe_set.h"

namespace nsobs {

using ProgramNames = std::set<std::string, std::less<>>;

// Opened and configured with the named programs to be loaded; nullptr and errno on failure.
Skeleton OpenWith(BpfObject object, const ProbeOptions& options, const ProgramNames& names);

struct LoadAttempt {
  int error = 0;        // 0 or a positive errno: of the first program that is refused
  std::string refused;  // which that is; "": the verifier said nothing of it
  Skeleton skeleton;    // nullptr if one was
};
LoadAttempt TryLoad(BpfObject object, const ProbeOptions& options, const ProgramNames& names);

}  // namespace nsobs
