// What the keeper gives up before it holds anything.
#pragma once

#include "absl/status/status.h"

namespace nsobs {

// For good: every capability, new privileges, core dumps, and every system call but those that pass
// descriptors on and remove its one socket. It stays the daemon's user, who owns the storage folder
// and whom a successor must be.
absl::Status EnterKeeperSandbox();

}  // namespace nsobs
