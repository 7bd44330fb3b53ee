#include "userspace/snapshot/mnt/path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/known_overlays.h"
#include "userspace/snapshot/proc_file.h"
#include "userspace/snapshot/sealed_open.h"

namespace nsobs {
namespace {

constexpr std::array<std::string_view, 17> kKernelFilesystems = {
    "bpf",    "btrfs", "cgroup", "cgroup2",  "devpts", "devtmpfs", "ext2", "ext3", "ext4",
    "mqueue", "proc",  "ramfs",  "squashfs", "sysfs",  "tmpfs",    "xfs",  "erofs"};
constexpr int kMaxSymlinks = 40;  // as the kernel's
constexpr size_t kMaxComponents = 512;

// One name, itself and not what it links to. The filesystem of `dir` must be one that answers.
UniqueFd OpenName(int dir, const std::string& name) {
  return UniqueFd(openat(dir, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

// A whole path, if the kernel knows it by heart. The one openat2 that seccomp lets pass.
UniqueFd OpenCached(int root_fd, const std::string& path) {
  const open_how* how = SealedCachedOpen();
  if (how == nullptr) {
    errno = ENOMEM;
    return UniqueFd();
  }
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, root_fd, path.c_str(), how, sizeof *how)));
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
    if (path.find('\0') != std::string_view::npos) {
      Fail(EINVAL);
    } else if (Begin(root_fd)) {
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
    UniqueFd fd(fcntl(root_fd, F_DUPFD_CLOEXEC, 0));
    const auto id = fd.ok() ? MountId(fd.get()) : std::nullopt;
    const Mount* mount = id ? MountById(mounts_, *id) : nullptr;
    if (mount == nullptr) return Refuse("the mount of / is not in the table");
    if (!AnswersFromKernel(mount->fstype, caution_)) return Refuse("/ is of type " + mount->fstype);
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
    // Links that hold long paths multiply: their sum is bounded, too.
    if (name.size() > NAME_MAX || ++taken_ > kMaxComponents) return Fail(ENAMETOOLONG);
    // By the table first: opening the root of a network filesystem may already ask its server.
    const std::string here = Here();
    const Mount* expected = MountAt(mounts_, here == "/" ? here + name : here + "/" + name);
    if (expected != nullptr && !AnswersFromKernel(expected->fstype, caution_)) {
      steps_.push_back({UniqueFd(), name, expected});
      Refuse("a filesystem of type " + expected->fstype);
      return;
    }
    UniqueFd fd = OpenName(steps_.back().fd.get(), name);
    if (fd.ok()) return Enter(std::move(fd), name);
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return Fail(errno);
    Refuse(ErrnoName(errno));  // a limit of ours, not what the process would have seen
  }

  void Enter(UniqueFd fd, const std::string& name) {
    const auto id = MountId(fd.get());
    const Mount* mount = id ? MountById(mounts_, *id) : nullptr;
    if (mount == nullptr || !AnswersFromKernel(mount->fstype, caution_)) {
      Refuse("the mounts change meanwhile");
      return;
    }
    struct statx st{};
    if (statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0) {
      return Fail(errno);
    }
    if (S_ISLNK(st.stx_mode)) return Follow(fd.get());
    if (!todo_.empty() && !S_ISDIR(st.stx_mode)) return Fail(ENOTDIR);
    steps_.push_back({std::move(fd), name, mount});
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
  size_t taken_ = 0;
  WalkResult result_;
};

// True if the kernel knows by heart what is at `path`, or that nothing is there.
bool RecallPath(int root_fd, std::string_view path, const MountTable& mounts, WalkResult* out) {
  out->path = std::string(path);
  out->fd = OpenCached(root_fd, out->path);
  if (!out->fd.ok()) {
    out->error = errno;
    return out->error == ENOENT || out->error == ENOTDIR || out->error == ELOOP;
  }
  const auto id = MountId(out->fd.get());
  out->mount = id ? MountById(mounts, *id) : nullptr;
  return out->mount != nullptr;
}

}  // namespace

bool AnswersFromKernel(std::string_view fstype, Caution caution) {
  if (fstype == "overlay") return caution == Caution::kTrusted;
  return std::find(kKernelFilesystems.begin(), kKernelFilesystems.end(), fstype) !=
         kKernelFilesystems.end();
}

Caution CautionFor(const Target& target, const MountTable& mounts) {
  if (!SharesNamespaceWithReader(target, NamespaceKind::kUser)) return Caution::kOwnMounts;
  KnownOverlays known(target.proc_root);
  const bool strange = std::any_of(
      mounts.mounts.begin(), mounts.mounts.end(),
      [&](const Mount& mount) { return mount.fstype == "overlay" && !known.Has(mount.device); });
  return strange ? Caution::kOwnMounts : Caution::kTrusted;
}

WalkResult WalkPath(int root_fd, std::string_view path, const MountTable& mounts, Caution caution,
                    SymlinkRule symlinks) {
  WalkResult cached;
  if (caution == Caution::kOwnMounts && RecallPath(root_fd, path, mounts, &cached)) return cached;
  return Walk(mounts, caution, symlinks).Run(root_fd, path);
}

UniqueFd OpenMountPoint(int root_fd, const Mount& mount) {
  UniqueFd fd = OpenCached(root_fd, mount.mount_point);
  if (!fd.ok() || MountId(fd.get()) != mount.id) return UniqueFd();
  return fd;
}

UniqueFd ReopenFolder(int path_fd) {
  return UniqueFd(openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
}

absl::StatusOr<std::string> ReadWalked(const WalkResult& walk, Caution caution, size_t cap_bytes) {
  if (walk.refused) return absl::UnavailableError(walk.refusal);
  if (walk.error != 0) return ErrnoStatus(walk.error, "open");
  if (!AnswersFromKernel(walk.mount->fstype, caution)) {
    return absl::UnavailableError("on a filesystem of type " + walk.mount->fstype);
  }
  struct stat st{};
  if (fstat(walk.fd.get(), &st) != 0) return ErrnoStatus(errno, "fstat");
  if (!S_ISREG(st.st_mode)) return absl::FailedPreconditionError("not a regular file");
  // The same inode as was looked at: a link of the kernel's, not of the container's.
  return ReadSmallFile("/proc/self/fd/" + std::to_string(walk.fd.get()), cap_bytes);
}

}  // namespace nsobs
