// A process as a pass of the kernel over all of them shows it.
#pragma once

#include "userspace/event/process.h"

namespace nsobs {

struct HostTask {
  // A thread group leader, no kernel thread. An inode of 0: it was between two namespaces, or ends.
  Process process;
  bool zombie = false;  // it ended, and only its parent doesn't know yet
};

}  // namespace nsobs
