#include "userspace/correlation/runtimes/state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/correlation/cgroup_path.h"

namespace nsobs {
namespace {

constexpr size_t kMaxComponents = 32;
constexpr size_t kMountinfoCap = 16 << 20;
// Entries that are looked at for each that may be taken: names that aren't safe take time, too.
constexpr size_t kLooksPerName = 4;
constexpr int64_t kMountsTtlNs = 1'000'000'000;

// Filesystems that ask nobody else: not FUSE, not the network.
constexpr std::array<std::string_view, 12> kLocal = {"bcachefs", "btrfs",    "ext2",  "ext3",
                                                     "ext4",     "f2fs",     "ramfs", "overlay",
                                                     "tmpfs",    "squashfs", "xfs",   "zfs"};

FileVersion VersionOf(const struct stat& st) {
  return {st.st_ino, st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec, st.st_size};
}

// All of an open file; nullopt if it is longer than `cap_bytes`.
std::optional<StateFile> ReadAll(int fd, const struct stat& st, size_t cap_bytes) {
  if (st.st_size < 0 || static_cast<size_t>(st.st_size) > cap_bytes) return std::nullopt;
  StateFile file{VersionOf(st), {}};
  char buffer[16384];
  while (true) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) return file;
    if (file.text.size() + static_cast<size_t>(n) > cap_bytes) return std::nullopt;
    file.text.append(buffer, static_cast<size_t>(n));
  }
}

std::vector<std::string> ReadNames(DIR* listing, size_t limit) {
  std::vector<std::string> names;
  for (size_t looks = 0; listing != nullptr && looks < kLooksPerName * limit; ++looks) {
    const dirent* entry = readdir(listing);
    if (entry == nullptr || names.size() >= limit) break;
    if (IsSafeFileName(entry->d_name)) names.emplace_back(entry->d_name);
  }
  return names;
}

// "36 35 98:0 / /mnt rw - ext4 /dev/root rw": proc_pid_mountinfo(5).
std::map<uint64_t, bool> ReadMounts() {
  std::map<uint64_t, bool> local;
  const auto text = ReadSmallFile("/proc/self/mountinfo", kMountinfoCap);
  std::string_view rest = text.ok() ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    uint64_t id = 0;
    std::from_chars(line.data(), line.data() + line.size(), id);
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const std::string_view tail = line.substr(dash + 3);
    const std::string_view type = tail.substr(0, tail.find(' '));
    local[id] = std::find(kLocal.begin(), kLocal.end(), type) != kLocal.end();
  }
  return local;
}

}  // namespace

std::optional<StateFile> ReadStateFile(const std::string& path, size_t cap_bytes) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  struct stat st{};
  if (!fd.ok() || fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
  return ReadAll(fd.get(), st, cap_bytes);
}

std::optional<FileVersion> StatStateFile(const std::string& path) {
  struct stat st{};
  if (lstat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
  return VersionOf(st);
}

std::vector<std::string> ListDirectory(const std::string& path, size_t limit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(path.c_str()), closedir);
  return ReadNames(listing.get(), limit);
}

bool StateFiles::IsLocal(uint64_t mount) const {
  // Ids of mounts are used again, and so are believed only for a while.
  struct timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const int64_t now_ns = now.tv_sec * 1'000'000'000 + now.tv_nsec;
  auto known = local_.find(mount);
  if (known == local_.end() || now_ns - read_boot_ns_ > kMountsTtlNs) {
    local_ = ReadMounts();
    read_boot_ns_ = now_ns;
    known = local_.find(mount);
  }
  return known != local_.end() && known->second;
}

// Asks no server: statx(2) with AT_STATX_DONT_SYNC.
bool StateFiles::IsTrustedStep(int fd, uint64_t* mount) const {
  struct statx info{};
  constexpr unsigned kWanted = STATX_TYPE | STATX_UID | STATX_MNT_ID;
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, kWanted, &info) != 0 ||
      (info.stx_mask & STATX_MNT_ID) == 0) {
    return false;
  }
  if (info.stx_mnt_id != *mount && !IsLocal(info.stx_mnt_id)) return false;
  *mount = info.stx_mnt_id;
  return info.stx_uid == 0 || info.stx_uid == uid_;
}

UniqueFd StateFiles::Walk(const std::string& path) const {
  if (path.empty() || path.front() != '/') return UniqueFd();
  UniqueFd at(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  uint64_t mount = 0;
  std::string_view rest(path);
  for (size_t i = 0; i < kMaxComponents && at.ok(); ++i) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    if (rest.empty()) return at;
    const std::string name(rest.substr(0, std::min(rest.find('/'), rest.size())));
    rest.remove_prefix(name.size());
    // The directory at hand was found to lie on a filesystem that answers.
    if (name == ".." || !IsTrustedStep(at.get(), &mount)) return UniqueFd();
    at = UniqueFd(openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  }
  return UniqueFd();
}

std::optional<StateFile> StateFiles::Read(const std::string& path, size_t cap_bytes) const {
  if (uid_ == 0) return ReadStateFile(path, cap_bytes);
  const UniqueFd place = Walk(path);
  uint64_t mount = 0;
  struct stat st{};
  if (!place.ok() || !IsTrustedStep(place.get(), &mount)) return std::nullopt;
  if (fstat(place.get(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
  if (st.st_uid != uid_ || st.st_nlink != 1) return std::nullopt;
  // The very inode that was looked at. O_NONBLOCK: its owner may hold a lease (fcntl(2)).
  const std::string own = "/proc/self/fd/" + std::to_string(place.get());
  const UniqueFd fd(open(own.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.ok()) return std::nullopt;
  return ReadAll(fd.get(), st, cap_bytes);
}

std::optional<FileVersion> StateFiles::Stat(const std::string& path) const {
  if (uid_ == 0) return StatStateFile(path);
  const UniqueFd place = Walk(path);
  uint64_t mount = 0;
  struct stat st{};
  if (!place.ok() || !IsTrustedStep(place.get(), &mount)) return std::nullopt;
  if (fstat(place.get(), &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != uid_) {
    return std::nullopt;
  }
  return VersionOf(st);
}

std::vector<std::string> StateFiles::List(const std::string& path, size_t limit) const {
  if (uid_ == 0) return ListDirectory(path, limit);
  const UniqueFd place = Walk(path);
  uint64_t mount = 0;
  if (!place.ok() || !IsTrustedStep(place.get(), &mount)) return {};
  UniqueFd fd(openat(place.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.ok()) return {};
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(fd.get()), closedir);
  if (listing != nullptr) fd.release();
  return ReadNames(listing.get(), limit);
}

}  // namespace nsobs
