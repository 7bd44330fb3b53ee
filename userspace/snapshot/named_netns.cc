#include "userspace/snapshot/named_netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/proc_file.h"
#include "userspace/snapshot/process_identity.h"
#include "userspace/snapshot/safe_file.h"

namespace nsobs {
namespace {

// What is mounted may change between the listing and the opening: only the file itself is believed.
bool IsNetns(int fd, uint32_t inode) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC && InodeOf(fd) == inode;
}

UniqueFd OpenAt(const std::string& mount_point, uint32_t inode, ContainerFiles* files) {
  const size_t slash = mount_point.rfind('/');
  if (slash == std::string::npos) return UniqueFd();
  UniqueFd folder;
  if (files->OpenPath(mount_point.substr(0, slash + 1), &folder) != 0) return UniqueFd();
  const std::string name = mount_point.substr(slash + 1);
  const UniqueFd found(openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!found.ok() || !IsNetns(found.get(), inode)) return UniqueFd();
  // setns(2) refuses O_PATH descriptors.
  const std::string again = absl::StrCat("/proc/self/fd/", found.get());
  return UniqueFd(open(again.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

absl::StatusOr<UniqueFd> OpenNamedNetns(uint32_t inode, int root_fd,
                                        const std::string& mountinfo_path) {
  NSOBS_ASSIGN_OR_RETURN(const BoundedText text, ReadLines(mountinfo_path, kMountinfoBytes));
  ContainerFiles files(root_fd, mountinfo_path);
  std::string_view rest = text.text;
  while (!rest.empty()) {
    const std::string_view line = NextLine(&rest);
    if (line.find(" - nsfs ") == std::string_view::npos) continue;
    const MountTable table = ParseMountinfo(line, 1);
    if (table.mounts.empty()) continue;
    const auto link = ParseNamespaceLink(table.mounts[0].root);
    if (!link || link->first != NamespaceKind::kNet || link->second != inode) continue;
    UniqueFd fd = OpenAt(table.mounts[0].mount_point, inode, &files);
    if (fd.ok()) return fd;
  }
  return absl::NotFoundError(absl::StrCat("net:[", inode, "] has no name"));
}

}  // namespace nsobs
