// A handful of small reads a container: cheap enough for every ten seconds.
#pragma once

#include "absl/status/statusor.h"
#include "userspace/event/host_facts.h"
#include "userspace/snapshot/cgroup/cgroup_layout.h"

namespace nsobs {

// The facts of the cgroup at `paths`; `container` is left empty. NOT_FOUND if it is gone from every
// hierarchy.
absl::StatusOr<CgroupFacts> ReadCgroupFacts(const CgroupMountPoints& mounts,
                                            const ByController& paths);

}  // namespace nsobs
