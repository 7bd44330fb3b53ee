#include "userspace/collector/program_switch.h"

namespace nsobs {

bool IsOn(ProgramGroup group, const ProbeOptions& options) {
  switch (group) {
    case ProgramGroup::kAlways:
    case ProgramGroup::kSyscallHooks:  // those that cost bystanders nothing stay
      return true;
    case ProgramGroup::kIoUring:
      return options.io_uring_hook;
    case ProgramGroup::kFiles:
      return options.files;
    case ProgramGroup::kFileWrites:  // no call is more frequent: a hook on it is never free
      return options.files && !options.files_where_free;
    case ProgramGroup::kDns:
      return options.dns;
  }
  return false;
}

bool BystandersPay(ProgramGroup group, const ProbeOptions& options) {
  if (group == ProgramGroup::kSyscallHooks) return options.syscall_hooks;
  return group != ProgramGroup::kFiles || !options.files_where_free;
}

std::string_view SwitchOf(ProgramGroup group, const ProbeOptions& options) {
  if (group == ProgramGroup::kDns) return "--probes.dns=off";
  if (group == ProgramGroup::kFiles || group == ProgramGroup::kFileWrites) {
    return options.files ? "--probes.files=auto" : "--probes.files=off";
  }
  return "switched off by the configuration";
}

}  // namespace nsobs
