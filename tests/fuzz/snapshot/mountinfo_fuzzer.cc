// Any bytes as a mountinfo, also as one of cgroups: every row is usable, no row comes from nothing.
#include <stdlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "userspace/snapshot/cgroup/cgroup_layout.h"
#include "userspace/snapshot/mnt/mountinfo.h"

namespace {

constexpr size_t kMaxRows = 8;

void Require(bool condition) {
  if (!condition) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const nsobs::MountTable table = nsobs::ParseMountinfo(text, kMaxRows);
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  Require(table.mounts.size() <= kMaxRows && table.mounts.size() + table.malformed <= lines);
  for (const nsobs::Mount& mount : table.mounts) {
    Require(!mount.mount_point.empty() && !mount.propagation.empty());
    Require(nsobs::MountAt(table, mount.mount_point) != nullptr);
    Require(nsobs::MountById(table, mount.id) != nullptr);
    for (const std::string& option : mount.super_options) Require(!option.empty());
  }
  const nsobs::CgroupMountPoints cgroups = nsobs::FindCgroupMountPoints(text);
  for (const char* controller : {"", "memory"}) {
    const auto at = nsobs::DirectoryOf(cgroups, nsobs::ParseCgroupPaths(text), controller);
    if (!at) continue;
    const std::string directory = cgroups.Of(at.unified ? "" : controller);
    Require(at.path.starts_with(directory));
    Require((at.path.substr(directory.size()) + "/").find("/../") == std::string::npos);
  }
  return 0;
}
