// Where the two hierarchies that name containers are mounted: cgroup2 and the v1 memory controller.
#pragma once

#include <cstdint>
#include <string>

namespace nsobs {

struct CgroupMounts {
  std::string unified;  // directory of hierarchy 0; "": not mounted
  std::string memory;   // directory of the v1 memory hierarchy; "": not mounted
  uint32_t memory_hierarchy = 0;
};

// Finds them through <proc_root>/self/mountinfo and <proc_root>/self/cgroup. A `cgroup_root` that
// isn't empty stands for /sys/fs/cgroup: its folders `unified` and `memory` if there, else itself
// as cgroup2.
CgroupMounts FindCgroupMounts(const std::string& proc_root, const std::string& cgroup_root);

}  // namespace nsobs
