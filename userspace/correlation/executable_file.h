// The identity of an executable by its path, as the kernel's records tell it of a process.
#pragma once

#include <string>

#include "userspace/event/process.h"

namespace nsobs {

// Not known if the file can't be looked at, or lies on a file system whose numbers in stat(2) may
// differ from the kernel's own (overlay, btrfs): a comparison would be wrong then. Never waits for
// a server. `path` may be a /proc/PID/exe.
Executable StatExecutable(const std::string& path);

}  // namespace nsobs
