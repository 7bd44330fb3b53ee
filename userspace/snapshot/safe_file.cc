#include "userspace/snapshot/safe_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/bounded_read.h"
#include "userspace/snapshot/sealed_open.h"

namespace nsobs {
namespace {

// As many as the kernel follows (path_resolution(7)).
constexpr int kMaxSymlinks = 40;
constexpr int kMaxComponents = 256;
// 20,000 mounts are 1.2 MB.
constexpr size_t kMountinfoCap = 16 << 20;
constexpr std::array<std::string_view, 14> kLocal = {
    "bcachefs", "btrfs", "erofs",    "ext2",  "ext3", "ext4",     "f2fs",
    "overlay",  "ramfs", "squashfs", "tmpfs", "xfs",  "devtmpfs", "zfs"};

std::vector<std::string> Components(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") out.emplace_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return out;
}

// Without asking the filesystem's server (AT_STATX_DONT_SYNC: statx(2)).
int StatQuietly(int fd, struct statx* out) {
  const int result = statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
                           STATX_TYPE | STATX_MNT_ID, out);
  return result == 0 ? 0 : errno;
}

// The third field of a line of mountinfo.
std::string_view DeviceOf(std::string_view line) {
  for (int field = 0; field < 2; ++field) {
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return "";
    line.remove_prefix(blank + 1);
  }
  return line.substr(0, line.find(' '));
}

absl::Status RefusedOrErrno(int error, std::string_view path) {
  if (error == EREMOTE)
    return absl::UnavailableError(
        absl::StrCat(std::string(path), ": on a filesystem that may hang"));
  return ErrnoStatus(error, path);
}

}  // namespace

bool IsLocalFilesystem(std::string_view fstype) {
  return std::find(kLocal.begin(), kLocal.end(), fstype) != kLocal.end();
}

absl::Status CheckProcfs(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  struct statfs fs;
  if (fstatfs(fd.get(), &fs) != 0) return ErrnoStatus(errno, path);
  if (fs.f_type != PROC_SUPER_MAGIC)
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a procfs"));
  return absl::OkStatus();
}

ContainerFiles::ContainerFiles(int root_fd, std::string mountinfo_path)
    : root_fd_(root_fd), mountinfo_path_(std::move(mountinfo_path)) {}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": proc_pid_mountinfo(5).
void ContainerFiles::LoadMounts() {
  loaded_ = true;
  absl::StatusOr<std::string> text = ReadProcText(mountinfo_path_, kMountinfoCap);
  if (!text.ok()) return;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    uint64_t id = 0;
    std::from_chars(line.data(), line.data() + line.size(), id);
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const std::string_view tail = line.substr(dash + 3);
    const std::string_view fstype = tail.substr(0, tail.find(' '));
    if (fstype == "overlay" && !overlays_.Has(DeviceOf(line))) continue;
    fstypes_[id] = std::string(fstype);
  }
}

std::string ContainerFiles::FilesystemOf(int fd) {
  struct statx info;
  if (StatQuietly(fd, &info) != 0 || (info.stx_mask & STATX_MNT_ID) == 0) return "";
  if (!loaded_) LoadMounts();
  const auto it = fstypes_.find(info.stx_mnt_id);
  return it == fstypes_.end() ? "" : it->second;
}

// The way so far and what is left of it. `..` goes back along our own descriptors, so the kernel
// never leaves the root for us.
struct ContainerFiles::Walk {
  std::vector<UniqueFd> directories;  // below the root; empty: at the root
  std::vector<std::string> left;      // reversed: the next component is the last
  UniqueFd last;                      // the end, once it was reached
  bool follow_last = true;
  int links = 0;
  int steps = 0;
};

int ContainerFiles::FollowLink(Walk* walk, int fd) {
  if (++walk->links > kMaxSymlinks) return ELOOP;
  char text[4096];
  const ssize_t size = readlinkat(fd, "", text, sizeof text);
  if (size < 0) return errno;
  if (size == sizeof text) return ENAMETOOLONG;
  const std::string_view target(text, static_cast<size_t>(size));
  if (!target.empty() && target[0] == '/') walk->directories.clear();
  std::vector<std::string> parts = Components(target);
  walk->left.insert(walk->left.end(), std::make_move_iterator(parts.rbegin()),
                    std::make_move_iterator(parts.rend()));
  return 0;
}

int ContainerFiles::Enter(Walk* walk, const std::string& name, UniqueFd next) {
  if (!IsLocal(next.get())) return EREMOTE;
  struct statx info;
  if (const int error = StatQuietly(next.get(), &info); error != 0) return error;
  const bool is_last = walk->left.empty();
  if (S_ISLNK(info.stx_mode) && (!is_last || walk->follow_last))
    return FollowLink(walk, next.get());
  if (is_last) {
    walk->last = std::move(next);
    return 0;
  }
  if (!S_ISDIR(info.stx_mode)) return ENOTDIR;
  walk->directories.push_back(std::move(next));
  return name.empty() ? EINVAL : 0;
}

int ContainerFiles::Step(Walk* walk) {
  if (++walk->steps > kMaxComponents) return ENAMETOOLONG;
  const std::string name = std::move(walk->left.back());
  walk->left.pop_back();
  if (name == "..") {
    if (!walk->directories.empty()) walk->directories.pop_back();
    return 0;
  }
  const int directory = walk->directories.empty() ? root_fd_ : walk->directories.back().get();
  UniqueFd next(openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  return next.ok() ? Enter(walk, name, std::move(next)) : errno;
}

int ContainerFiles::OpenPath(std::string_view path, UniqueFd* out, bool follow_last) {
  if (root_fd_ < 0) return EBADF;
  if (path.empty() || path.find('\0') != std::string_view::npos) return ENOENT;
  const std::string name(path);
  const open_how* cached = SealedCachedOpen();
  if (follow_last && cached != nullptr) {
    // What the kernel knows by heart needs no filesystem: this serves roots on FUSE, too.
    out->reset();
    *out = UniqueFd(
        static_cast<int>(syscall(SYS_openat2, root_fd_, name.c_str(), cached, sizeof *cached)));
    if (out->ok()) return 0;
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return errno;
  }
  if (!IsLocal(root_fd_)) return EREMOTE;
  Walk walk;
  walk.follow_last = follow_last;
  walk.left = Components(path);
  std::reverse(walk.left.begin(), walk.left.end());
  while (!walk.left.empty())
    if (const int error = Step(&walk); error != 0) return error;
  if (!walk.last.ok()) {  // ended at a directory by way of ".." or "/"
    const int directory = walk.directories.empty() ? root_fd_ : walk.directories.back().get();
    walk.last = UniqueFd(fcntl(directory, F_DUPFD_CLOEXEC, 0));
  }
  *out = std::move(walk.last);
  return out->ok() ? 0 : errno;
}

absl::StatusOr<std::string> ContainerFiles::Read(std::string_view path, size_t cap) {
  UniqueFd place;
  if (const int error = OpenPath(path, &place); error != 0) return RefusedOrErrno(error, path);
  if (!IsLocal(place.get())) return RefusedOrErrno(EREMOTE, path);
  struct statx info;
  if (const int error = StatQuietly(place.get(), &info); error != 0)
    return ErrnoStatus(error, path);
  if (!S_ISREG(info.stx_mode))
    return absl::FailedPreconditionError(absl::StrCat(std::string(path), " is not a regular file"));
  // The very inode that was looked at: a descriptor of ours is no name that could be swapped.
  const std::string own = absl::StrCat("/proc/self/fd/", place.get());
  UniqueFd file(open(own.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.ok()) return ErrnoStatus(errno, path);
  absl::StatusOr<std::string> text = ReadUpTo(file.get(), cap);
  if (!text.ok()) return Annotate(text.status(), path);
  return text;
}

}  // namespace nsobs
