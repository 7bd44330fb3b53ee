// Where cgroup hierarchies are mounted and where one container stands in them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nsobs {

// By controller ("memory", "cpu", ...), "" the unified hierarchy.
using ByController = std::vector<std::pair<std::string, std::string>>;

// Directories, without a trailing slash.
struct CgroupMountPoints {
  ByController directories;

  // "" if there is no such hierarchy.
  std::string Of(std::string_view controller) const;
  std::string_view Version() const;  // "v1", "v2", "hybrid"; "" if there is none
};

// From the text of the reader's own mountinfo. Only whole hierarchies: mounted at their root.
CgroupMountPoints FindCgroupMountPoints(std::string_view mountinfo);

// From the text of /proc/PID/cgroup: the paths of controllers; named hierarchies are left out.
ByController ParseCgroupPaths(std::string_view proc_cgroup);

// The directory of a controller for one container: that of the v1 hierarchy, else the unified one.
// "" if there is none, the path leads out of the hierarchy, or it is the root: that counts the
// whole machine.
struct CgroupDirectory {
  std::string path;  // on the host
  bool unified = false;
  explicit operator bool() const { return !path.empty(); }
};
CgroupDirectory DirectoryOf(const CgroupMountPoints& mounts, const ByController& paths,
                            std::string_view controller);

// What stands for a controller; nullptr if it isn't there.
const std::string* Find(const ByController& list, std::string_view controller);

}  // namespace nsobs
