// CPU time of the observer and of everything that it started.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace nsobs {

// User and system time so far of this process, of its descendants that live, and of those that were
// waited for; in steps of a clock tick (10 ms) for the others' part. `proc` is where procfs is
// mounted. Descendants are left out where the kernel doesn't list them (CONFIG_PROC_CHILDREN). Some
// 10 us a thread and a process.
absl::Duration CpuTimeOfAll(const std::string& proc = "/proc");

}  // namespace nsobs
