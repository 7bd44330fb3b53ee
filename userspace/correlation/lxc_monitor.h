// What the monitor of an LXC container watches, by the command socket that it holds: an abstract
// one named "<lxcpath>/<name>/command" (lxc's commands_utils.c). So its memory, which belongs to a
// stranger where LXC is unprivileged, needn't be read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace nsobs {

struct LxcMonitor {
  std::string lxcpath;
  std::string name;
};

// Of the process `pid`, which calls itself lxc-start; nullopt if it holds no such socket, or more
// than one, or its net namespace has too many sockets to look through (1 MiB of text).
std::optional<LxcMonitor> FindLxcMonitor(const std::string& proc_root, uint32_t pid);

// Command sockets by inode, from the text of /proc/PID/net/unix. Names that are no such path, or
// that LXC had to shorten to a hash, are left out. Pure.
std::map<uint64_t, LxcMonitor> ParseCommandSockets(std::string_view net_unix);

}  // namespace nsobs
