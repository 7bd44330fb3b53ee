// What the options say of each group of programs. Pure.
#pragma once

#include <string_view>

#include "userspace/collector/probe_set.h"
#include "userspace/collector/program_table.h"

namespace nsobs {

// Is the group wanted at all?
bool IsOn(ProgramGroup group, const ProbeOptions& options);

// May the group have hooks that every syscall of every process pays for?
bool BystandersPay(ProgramGroup group, const ProbeOptions& options);

// The words of the option that a program is off by.
std::string_view SwitchOf(ProgramGroup group, const ProbeOptions& options);

}  // namespace nsobs
