// Walks to a file of a container without being led out of it and without waiting for its
// filesystems: a FUSE or network server that never answers would hold the reader for ever.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// How far the mounts of a namespace may be looked at.
enum class Caution : uint8_t {
  kTrusted,
  // An overlay was perhaps mounted by the container itself, over FUSE: of it only what the kernel
  // has cached.
  kOwnMounts,
};

// kOwnMounts for a target in another user namespace than the reader, for there it can mount, and
// for one whose table has an overlay that the host has not (KnownOverlays): it could mount after
// all.
Caution CautionFor(const Target& target, const MountTable& mounts);

// ext4, xfs, tmpfs and others that no process and no other machine serves.
bool AnswersFromKernel(std::string_view fstype, Caution caution);

enum class SymlinkRule : uint8_t {
  kFollow,      // inside the root, at most 40
  kSystemOnly,  // only those right below / and /var: where no container writes on a host
};

struct WalkResult {
  UniqueFd fd;                   // O_PATH, if everything was found
  int error = 0;                 // ENOENT, ENOTDIR, ELOOP...: what the process would have seen
  bool refused = false;          // the walk stopped because it must not look further
  std::string refusal;           // why, for people
  std::string path;              // where it ended, without symlinks
  const Mount* mount = nullptr;  // that holds the last that was found; in `mounts`
};

// One name after the other, from descriptor to descriptor: it never goes up and never follows a
// link itself, so a rename or a link that is swapped in meanwhile leads nowhere else. Leaves the
// mount it is on only for another that answers.
WalkResult WalkPath(int root_fd, std::string_view path, const MountTable& mounts, Caution caution,
                    SymlinkRule symlinks);

// The mount point itself, out of the kernel's cache: mount points always are there. Only if it is
// still the mount with this id.
UniqueFd OpenMountPoint(int root_fd, const Mount& mount);

// Opens the folder that an O_PATH fd stands for, to list it.
UniqueFd ReopenFolder(int path_fd);

// The content of what a walk found: FAILED_PRECONDITION if it isn't a regular file,
// RESOURCE_EXHAUSTED if it is longer than `cap_bytes`, UNAVAILABLE if reading could hang.
absl::StatusOr<std::string> ReadWalked(const WalkResult& walk, Caution caution, size_t cap_bytes);

}  // namespace nsobs
