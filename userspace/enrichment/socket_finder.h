// Where engines listen: the usual places, and what the engines of this host say in their arguments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/enrichment/engine_socket.h"

namespace nsobs {

// The sockets that a process called `comm` (cut at 15 bytes) with these arguments listens on or
// talks to, as far as they are an engine's. Pure. Paths are absolute and fit into an address.
std::vector<EngineSocket> SocketsOfArgs(std::string_view comm, const std::vector<std::string>& args,
                                        uint32_t uid);

// Root's first; at most 16 of root's, 4 of each other user's, and 64. Only paths where a socket is.
// Asked are processes that share our pid namespace and root directory, so that a path means to them
// what it means to us. Costs one pass over `proc`.
std::vector<EngineSocket> FindEngineSockets(const std::string& proc = "/proc",
                                            const std::string& run = "/run");

}  // namespace nsobs
