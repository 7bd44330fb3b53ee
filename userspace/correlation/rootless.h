// Containers of users who aren't root and have no cgroup of their own: found by their init.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/correlation/indexes.h"
#include "userspace/event/container.h"

namespace nsobs {

// Whose the user namespace of `process` is; nullopt: it is the host's, the process ended, or it
// can't be told.
std::optional<ContainerUser> UserOf(const Indexes& indexes, const Process& process);

// True if `process` may be the first of a container without a cgroup of its own: of its pid
// namespace, or else below a monitor, as where containers share a pid namespace.
bool MayBeInit(const Indexes& indexes, const Process& process);

// The container that begins with `init` according to the files of the user to whom its user
// namespace belongs; 0: root's, or nobody's.
OwnerId FindUsersContainer(Indexes* indexes, const Process& init, int64_t boot_ns);

// Remembers where an engine of a user keeps things. `process` runs in the host's pid namespace as
// `uid`, outside of any container. `args`: as of its exec, or none: the memory of a stranger's
// process isn't read, but its working directory is the kernel's to tell.
void LearnUsersEngine(Indexes* indexes, const Process& process, uint32_t uid,
                      const std::vector<std::string>& args);

// The real user of a process, as /proc/PID/status tells it: the owner of /proc/PID is root's for
// any process that makes itself undumpable. nullopt: it ended.
std::optional<uint32_t> RealUid(const std::string& proc_root, uint32_t pid);

}  // namespace nsobs
