// A container has a cgroup namespace of its own: the paths that the kernel tells in there are cut
// at the container's cgroup (cgroup_namespaces(7)), and by them nobody can be named.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace nsobs {

// Takes the calling thread into the cgroup namespace of pid 1, or of kthreadd where pid 1 is closed
// to us; does nothing if it is there already. Call before other threads are started. Needs
// CAP_SYS_ADMIN; paths stay as they are if it fails.
absl::Status JoinHostCgroupNamespace(const std::string& proc_root);

}  // namespace nsobs
