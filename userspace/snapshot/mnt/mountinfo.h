// /proc/PID/mountinfo. Pure; a container with its own mount namespace chooses nearly every byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nsobs {

inline constexpr size_t kMountinfoBytes = 1 << 20;  // of it that a look reads
inline constexpr size_t kMaxMounts = 20'000;        // rows of it that are kept to find one in

// One line of proc_pid_mountinfo(5), octal escapes undone; raw bytes.
struct Mount {
  uint64_t id = 0;
  uint64_t parent = 0;
  std::string device;       // of the filesystem, "0:57"
  std::string root;         // of the filesystem, what stands at the mount point
  std::string mount_point;  // from the process's root
  std::string fstype;
  std::string source;
  std::vector<std::string> options;        // of this mount
  std::vector<std::string> super_options;  // of the filesystem
  std::string propagation;                 // "private", or e.g. "shared:12", "slave:3 shared:4"
};

struct MountTable {
  std::vector<Mount> mounts;  // in the kernel's order: a later one may lie on an earlier one
  bool truncated = false;     // there were more than `max_rows`
  size_t malformed = 0;       // lines that were left out
};

MountTable ParseMountinfo(std::string_view text, size_t max_rows);

// The mount at exactly this path that is on top; nullptr: none.
const Mount* MountAt(const MountTable& table, std::string_view mount_point);
const Mount* MountById(const MountTable& table, uint64_t id);

bool HasOption(const std::vector<std::string>& options, std::string_view name);

// The value of e.g. "lowerdir=..."; "" if it isn't there.
std::string OptionValue(const std::vector<std::string>& options, std::string_view name);

// Read-only by the mount or by the filesystem.
bool IsReadOnly(const Mount& mount);

}  // namespace nsobs
