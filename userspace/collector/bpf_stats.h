// What the kernel itself measured of our programs.
#pragma once

#include "userspace/base/fd.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// Fills the figures of the program behind `program_fd`; zeros where the kernel keeps none
// (sysctl kernel.bpf_stats_enabled is off, and nobody held MeasurePrograms()).
ProgramCost ReadProgramCost(const std::string& name, int program_fd);

// How often the kernel left out the kprobe or kretprobe behind a link: of a kretprobe, for want of
// room for one more thread inside the function. 0 where the kernel does not say (before 6.7).
uint64_t ReadProbeMisses(int link_fd);

// While it is held the kernel measures every BPF program of the host, each run of which then costs
// two looks at the clock more (about 50 ns). Not ok: it takes CAP_SYS_ADMIN, or Linux 5.8.
UniqueFd MeasurePrograms();

}  // namespace nsobs
