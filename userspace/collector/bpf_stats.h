// What the kernel itself measured of our programs.
#pragma once

#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// Fills the figures of the program behind `program_fd`; zeros where the kernel keeps none
// (sysctl kernel.bpf_stats_enabled is off).
ProgramCost ReadProgramCost(const std::string& name, int program_fd);

}  // namespace nsobs
