// The start-up self-test: what a BPF program read of this process against what /proc/self says.
// A wrong offset would tag every event with garbage; better not to start.
#pragma once

#include "absl/status/status.h"

struct nsobs_process;

namespace nsobs {

// INTERNAL that names the first field that differs.
absl::Status CompareWithProc(const nsobs_process& seen);

}  // namespace nsobs
