// DETAIL of one process: what decides how it reacts to signals, calls that need a privilege and
// limits.
#pragma once

#include <cstdint>

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// Null if the process is gone.
SectionJson ReadProcessDetail(const Target& target, uint32_t pid, ReadNotes* notes);

// The kernel function in which a process waits; null if it doesn't, or the kernel doesn't tell.
SectionJson WaitChannel(const Target& target, uint32_t pid);

}  // namespace nsobs
