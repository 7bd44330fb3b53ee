// Files that a container controls, read from the outside: below /proc/PID/root, never through a
// symbolic link out of it (T3), only regular files (T8), only on filesystems that answer (T9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/snapshot/known_overlays.h"

namespace nsobs {

inline constexpr size_t kContainerFileCap = 64 << 10;

// Whether the kernel itself answers for a filesystem of this type (as in mountinfo): not FUSE, not
// the network, not another machine, not procfs and its kin.
bool IsLocalFilesystem(std::string_view fstype);

// The filesystem at `path` is a procfs: by its magic, for a directory named /proc proves nothing.
absl::Status CheckProcfs(const std::string& path);

// One thread; lives as long as one snapshot. Nothing here reads a container's file unless its mount
// is local; a walk stops before it would ask another kind of filesystem.
class ContainerFiles {
 public:
  // `root_fd`: O_PATH of /proc/PID/root, not owned; `mountinfo_path`: /proc/PID/mountinfo of the
  // host's procfs, read when it is first needed.
  ContainerFiles(int root_fd, std::string mountinfo_path);

  // O_PATH descriptor of what `path` names for a process of the container, links followed inside
  // its root (with follow_last false the last one is not). 0 or a positive errno; EREMOTE: a
  // filesystem that might never answer is on the way. What was opened may itself lie on such a
  // filesystem if the kernel knew the way by heart: ask FilesystemOf before anything but
  // statx(AT_STATX_DONT_SYNC).
  int OpenPath(std::string_view path, UniqueFd* out, bool follow_last = true);

  // The whole of a regular file. NOT_FOUND; FAILED_PRECONDITION: not a regular file;
  // RESOURCE_EXHAUSTED: longer than `cap`; UNAVAILABLE: on a filesystem that may not answer.
  absl::StatusOr<std::string> Read(std::string_view path, size_t cap = kContainerFileCap);

  // "ext4": of the mount that an O_PATH descriptor lies on; "" if it can't be told, or if it is an
  // overlay that the host has not mounted: what it lies over may be the container's own.
  std::string FilesystemOf(int fd);

 private:
  struct Walk;
  bool IsLocal(int fd) { return IsLocalFilesystem(FilesystemOf(fd)); }
  void LoadMounts();
  int Step(Walk* walk);
  int Enter(Walk* walk, const std::string& name, UniqueFd next);
  int FollowLink(Walk* walk, int fd);

  int root_fd_;
  std::string mountinfo_path_;
  bool loaded_ = false;
  std::map<uint64_t, std::string> fstypes_;  // by mount id
  KnownOverlays overlays_{"/proc"};
};

}  // namespace nsobs
