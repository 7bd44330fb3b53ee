// Whose a user namespace is: the kernel's word on which user of the host a rootless container
// belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/event/container.h"

namespace nsobs {

// The owner of the outermost user namespace below the host's in which process `pid` lives
// (NS_GET_OWNER_UID, ioctl_nsfs(2)), and the map of the innermost (user_namespaces(7)). nullopt: it
// is in the host's, ended, or it can't be told. `host_inode`: of the host's user namespace.
// Never waits: no memory of the process is read.
std::optional<ContainerUser> ReadUserDomain(const std::string& proc_root, uint32_t pid,
                                            uint32_t host_inode);
using UserDomainFn = std::optional<ContainerUser> (*)(const std::string& proc_root, uint32_t pid,
                                                      uint32_t host_inode);

// The lines of /proc/PID/uid_map, at most 16; others are left out. Pure.
std::vector<IdRange> ParseUidMap(std::string_view text);

}  // namespace nsobs
