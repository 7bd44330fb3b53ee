// Cgroups of our own, in the hierarchies that name containers: removed with the object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "userspace/event/process.h"

namespace nsobs {

enum class Hierarchy {
  kUnified,  // cgroup2
  kMemory,   // the one with the memory controller: v1's where there is one, else cgroup2
};

class Cgroup {
 public:
  // Directly below the root of the hierarchy, or below `parent`. A test failure if it can't be
  // made.
  explicit Cgroup(Hierarchy hierarchy, const std::string& name = "");
  Cgroup(const Cgroup& parent, const std::string& name);
  ~Cgroup();
  Cgroup& operator=(const Cgroup&) = delete;

  // The calling process moves here.
  bool Join() const;
  void LimitMemory(uint64_t bytes) const;
  void Remove();

  CgroupKey key() const { return key_; }  // id: the inode of the directory
  uint32_t level() const { return level_; }
  const std::string& directory() const { return directory_; }
  const std::string& path() const { return path_; }  // from the root of the hierarchy

 private:
  void Make();
  std::string directory_;
  std::string path_;
  CgroupKey key_;
  uint32_t level_ = 1;
  bool made_ = false;
};

// Removes what a run that was killed left behind.
void RemoveLeftovers();

// Where the hierarchy is mounted, by /proc/self/mountinfo; "" if it is not.
std::string MountOf(Hierarchy hierarchy);

}  // namespace nsobs
