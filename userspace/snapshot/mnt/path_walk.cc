#include "userspace/snapshot/mnt/path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr std::array<std::string_view, 17> kKernelFilesystems = {
    "bpf",    "btrfs", "cgroup", "cgroup2",  "devpts", "devtmpfs", "ext2", "ext3", "ext4",
    "mqueue", "proc",  "ramfs",  "squashfs", "sysfs",  "tmpfs",    "xfs",  "erofs"};
constexpr int kMaxSymlinks = 40;  // as the kernel's
constexpr size_t kMaxComponents = 512;

UniqueFd OpenAt2(int dir, const std::string& path, uint64_t flags, uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how)));
}

// Without asking a server: the kernel's own knowledge of the mount.
std::optional<uint64_t> MountId(int fd) {
  struct statx st{};
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) != 0 ||
      (st.stx_mask & STATX_MNT_ID) == 0) {
    return std::nullopt;
  }
  return st.stx_mnt_id;
}

// The components of `path`, the first at the back.
void PushComponents(std::string_view path, std::vector<std::string>* todo) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0 && path.substr(0, end) != ".") parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  todo->insert(todo->end(), parts.rbegin(), parts.rend());
}

// A folder on the way, kept open so that ".." never asks the filesystem.
struct Step {
  UniqueFd fd;
  std::string name;
  const Mount* mount = nullptr;
};

class Walk {
 public:
  Walk(const MountTable& mounts, Caution caution, SymlinkRule symlinks)
      : mounts_(mounts), caution_(caution), symlinks_(symlinks) {}

  WalkResult Run(int root_fd, std::string_view path) {
    if (Begin(root_fd)) {
      PushComponents(path, &todo_);
      while (result_.error == 0 && !result_.refused && !todo_.empty()) Advance();
    }
    result_.path = Here();
    if (!steps_.empty()) {
      result_.mount = steps_.back().mount;
      if (result_.error == 0 && !result_.refused) result_.fd = std::move(steps_.back().fd);
    }
    return std::move(result_);
  }

 private:
  bool Begin(int root_fd) {
    UniqueFd fd = OpenAt2(root_fd, ".", O_PATH | O_DIRECTORY, RESOLVE_CACHED);
    const auto id = fd.ok() ? MountId(fd.get()) : std::nullopt;
    const Mount* mount = id ? MountById(mounts_, *id) : nullptr;
    if (mount == nullptr) return Refuse("the mount of / is not in the table");
    if (!AnswersFromKernel(mount->fstype)) return Refuse("/ is of type " + mount->fstype);
    steps_.push_back({std::move(fd), "", mount});
    return true;
  }

  void Advance() {
    const std::string name = std::move(todo_.back());
    todo_.pop_back();
    if (name == "..") {
      if (steps_.size() > 1) steps_.pop_back();
      return;
    }
    if (name.size() > NAME_MAX) return Fail(ENAMETOOLONG);
    if (steps_.size() > kMaxComponents) return Fail(ENAMETOOLONG);
    const Step& here = steps_.back();
    const uint64_t cached = caution_ == Caution::kOwnMounts && here.mount->fstype == "overlay"
                                ? uint64_t{RESOLVE_CACHED}
                                : 0;
    UniqueFd fd = OpenAt2(here.fd.get(), name, O_PATH | O_NOFOLLOW,
                          RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | cached);
    if (fd.ok()) return Enter(std::move(fd), name);
    if (errno == EXDEV) return CrossMount(name);
    if (errno == EAGAIN) {
      Refuse("not in the kernel's cache");
      return;
    }
    Fail(errno);
  }

  void Enter(UniqueFd fd, const std::string& name) {
    struct statx st{};
    if (statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0) {
      return Fail(errno);
    }
    if (S_ISLNK(st.stx_mode)) return Follow(fd.get());
    if (!todo_.empty() && !S_ISDIR(st.stx_mode)) return Fail(ENOTDIR);
    steps_.push_back({std::move(fd), name, steps_.back().mount});
  }

  void Follow(int link_fd) {
    if (++followed_ > kMaxSymlinks) return Fail(ELOOP);
    const std::string here = Here();
    if (symlinks_ == SymlinkRule::kSystemOnly && here != "/" && here != "/var") {
      Refuse("a symbolic link in " + here);
      return;
    }
    char target[PATH_MAX];
    const ssize_t n = readlinkat(link_fd, "", target, sizeof target);
    if (n < 0) return Fail(errno);
    if (n == 0) return Fail(ENOENT);
    if (target[0] == '/') steps_.erase(steps_.begin() + 1, steps_.end());
    PushComponents({target, static_cast<size_t>(n)}, &todo_);
  }

  // Another filesystem begins at `name`: allowed by its type as the table has it, and only if what
  // was opened then is a mount of the table that is allowed.
  void CrossMount(const std::string& name) {
    const std::string here = Here();
    const Mount* expected = MountAt(mounts_, here == "/" ? here + name : here + "/" + name);
    if (expected == nullptr) {
      Refuse("a mount that is not in the table");
      return;
    }
    if (!AnswersFromKernel(expected->fstype)) {
      steps_.push_back({UniqueFd(), name, expected});
      Refuse("a filesystem of type " + expected->fstype);
      return;
    }
    UniqueFd fd =
        OpenAt2(steps_.back().fd.get(), name, O_PATH | O_NOFOLLOW,
                RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED);
    const auto id = fd.ok() ? MountId(fd.get()) : std::nullopt;
    const Mount* mount = id ? MountById(mounts_, *id) : nullptr;
    if (mount == nullptr || !AnswersFromKernel(mount->fstype)) {
      Refuse("the mounts change meanwhile");
      return;
    }
    steps_.push_back({std::move(fd), name, mount});
  }

  std::string Here() const {
    std::string path;
    for (size_t i = 1; i < steps_.size(); ++i) path += "/" + steps_[i].name;
    return path.empty() ? "/" : path;
  }

  void Fail(int error) { result_.error = error; }
  bool Refuse(std::string why) {
    result_.refused = true;
    result_.refusal = std::move(why);
    return false;
  }

  const MountTable& mounts_;
  const Caution caution_;
  const SymlinkRule symlinks_;
  std::vector<std::string> todo_;  // the next component at the back
  std::vector<Step> steps_;        // from the root to here
  int followed_ = 0;
  WalkResult result_;
};

}  // namespace

bool AnswersFromKernel(std::string_view fstype) {
  return fstype == "overlay" || std::find(kKernelFilesystems.begin(), kKernelFilesystems.end(),
                                          fstype) != kKernelFilesystems.end();
}

Caution CautionFor(const Target& target) {
  return SharesNamespaceWithReader(target, NamespaceKind::kUser) ? Caution::kTrusted
                                                                 : Caution::kOwnMounts;
}

WalkResult WalkPath(int root_fd, std::string_view path, const MountTable& mounts, Caution caution,
                    SymlinkRule symlinks) {
  return Walk(mounts, caution, symlinks).Run(root_fd, path);
}

UniqueFd OpenMountPoint(int root_fd, const Mount& mount) {
  UniqueFd fd =
      OpenAt2(root_fd, mount.mount_point, O_PATH | O_NOFOLLOW,
              RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED);
  if (!fd.ok() || MountId(fd.get()) != mount.id) return UniqueFd();
  return fd;
}

UniqueFd ReopenFolder(int path_fd) {
  return OpenAt2(path_fd, ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOATIME,
                 RESOLVE_BENEATH | RESOLVE_NO_XDEV);
}

absl::StatusOr<std::string> ReadWalked(const WalkResult& walk, Caution caution, size_t cap_bytes) {
  if (walk.refused) return absl::UnavailableError(walk.refusal);
  if (walk.error != 0) return ErrnoStatus(walk.error, "open");
  if (caution == Caution::kOwnMounts && walk.mount->fstype == "overlay") {
    return absl::UnavailableError("an overlay that the container may have mounted");
  }
  struct stat st{};
  if (fstat(walk.fd.get(), &st) != 0) return ErrnoStatus(errno, "fstat");
  if (!S_ISREG(st.st_mode)) return absl::FailedPreconditionError("not a regular file");
  // The same inode as was looked at: a link of the kernel's, not of the container's.
  return ReadSmallFile("/proc/self/fd/" + std::to_string(walk.fd.get()), cap_bytes);
}

}  // namespace nsobs
