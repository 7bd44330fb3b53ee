// Net namespaces by the files that they are mounted on (ip-netns(8), CNI plugins): a name outlives
// every process that was seen in one.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"

namespace nsobs {

// The namespace with this inode, opened for setns(2). `root_fd`: O_PATH of the root that the mount
// points of `mountinfo_path` are relative to, not owned. NOT_FOUND: it is mounted nowhere there, or
// only behind a filesystem that may never answer.
absl::StatusOr<UniqueFd> OpenNamedNetns(uint32_t inode, int root_fd,
                                        const std::string& mountinfo_path);

}  // namespace nsobs
