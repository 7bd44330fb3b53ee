#include "userspace/snapshot/cgroup/cgroup_layout.h"

#include <algorithm>

#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

// Options of a v1 mount that are not controllers.
bool IsController(std::string_view option) {
  return option != "ro" && option != "rw" && option != "noprefix" && option != "clone_children" &&
         option != "xattr" && option.find('=') == std::string_view::npos;
}

void AddOnce(std::string_view controller, std::string_view value, ByController* out) {
  if (Find(*out, controller) == nullptr) out->emplace_back(controller, value);
}

// A path from outside of the reader's cgroup namespace begins with "/..".
bool StaysInside(std::string_view path) {
  if (!path.starts_with('/')) return false;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/', 1), path.size());
    if (path.substr(0, end) == "/..") return false;
    path.remove_prefix(end);
  }
  return true;
}

}  // namespace

const std::string* Find(const ByController& list, std::string_view controller) {
  for (const auto& [name, value] : list) {
    if (name == controller) return &value;
  }
  return nullptr;
}

std::string CgroupMountPoints::Of(std::string_view controller) const {
  const std::string* directory = Find(directories, controller);
  return directory == nullptr ? "" : *directory;
}

std::string_view CgroupMountPoints::Version() const {
  const bool unified = Find(directories, "") != nullptr;
  const size_t v1 = directories.size() - (unified ? 1 : 0);
  if (v1 == 0) return unified ? "v2" : "";
  return unified ? "hybrid" : "v1";
}

CgroupMountPoints FindCgroupMountPoints(std::string_view mountinfo) {
  CgroupMountPoints out;
  for (const Mount& mount : ParseMountinfo(mountinfo, kMaxMounts).mounts) {
    if (mount.root != "/") continue;
    if (mount.fstype == "cgroup2") AddOnce("", mount.mount_point, &out.directories);
    if (mount.fstype != "cgroup") continue;
    for (const std::string& option : mount.super_options) {
      if (IsController(option)) AddOnce(option, mount.mount_point, &out.directories);
    }
  }
  return out;
}

ByController ParseCgroupPaths(std::string_view text) {
  ByController out;
  while (!text.empty()) {
    const std::string_view line = NextLine(&text);
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string_view path = line.substr(second + 1);
    if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
    if (controllers.empty()) AddOnce("", path, &out);
    while (!controllers.empty()) {
      const size_t end = std::min(controllers.find(','), controllers.size());
      const std::string_view controller = controllers.substr(0, end);
      if (!controller.starts_with("name=")) AddOnce(controller, path, &out);
      controllers.remove_prefix(std::min(end + 1, controllers.size()));
    }
  }
  return out;
}

CgroupDirectory DirectoryOf(const CgroupMountPoints& mounts, const ByController& paths,
                            std::string_view controller) {
  for (const std::string_view hierarchy : {controller, std::string_view()}) {
    const std::string* directory = Find(mounts.directories, hierarchy);
    const std::string* path = Find(paths, hierarchy);
    if (directory == nullptr || path == nullptr) continue;
    if (*path == "/" || !StaysInside(*path)) return {};
    return {*directory + *path, hierarchy.empty()};
  }
  return {};
}

}  // namespace nsobs
