#include "userspace/timeline/storage_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

// Those that <linux/magic.h> doesn't have are from the filesystems' own headers. FUSE is not here:
// SQLite finds out by itself where shared memory doesn't work.
constexpr int64_t kNetworkFilesystems[] = {
    NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC,  SMB2_SUPER_MAGIC,
    CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC, AFS_FS_MAGIC,      CODA_SUPER_MAGIC,
    NCP_SUPER_MAGIC,  V9FS_MAGIC,      OCFS2_SUPER_MAGIC,
    0x01161970,  // GFS2
    0x0bd00bd0,  // Lustre
    0x47504653,  // GPFS
    0x19830326,  // BeeGFS
};

std::string OtherInstance(const std::string& path, const std::string& directory) {
  auto text = ReadSmallFile(path, 32);
  uint32_t pid = 0;
  std::string who;
  if (text.ok() && absl::SimpleAtoi(*text, &pid)) who = absl::StrCat(" (pid ", pid, ")");
  return absl::StrCat("another nsobserver", who, " uses ", directory);
}

}  // namespace

std::string TimelinePath(const std::string& directory) {
  return absl::StrCat(directory, "/", kTimelineFile);
}

bool IsNetworkFilesystem(int64_t magic) {
  // f_type is signed and 32 bits wide on some machines.
  const int64_t low = magic & 0xffffffff;
  return std::find(std::begin(kNetworkFilesystems), std::end(kNetworkFilesystems), low) !=
         std::end(kNetworkFilesystems);
}

absl::Status PrepareStorageDirectory(const std::string& directory) {
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoStatus(errno, directory);
  struct stat st{};
  if (stat(directory.c_str(), &st) != 0) return ErrnoStatus(errno, directory);
  if (!S_ISDIR(st.st_mode)) return absl::FailedPreconditionError(directory + ": not a directory");
  struct statfs fs{};
  if (statfs(directory.c_str(), &fs) != 0) return ErrnoStatus(errno, directory);
  if (IsNetworkFilesystem(fs.f_type)) {
    return absl::FailedPreconditionError(
        directory + " is on a network filesystem; the timeline needs a local one");
  }
  if (st.st_uid != geteuid() && st.st_uid != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " belongs to another user (uid ", st.st_uid, ")"));
  }
  // Whoever can write here could put a link in the place of the file.
  if ((st.st_mode & 0022) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s can be written to by others (mode %04o); make it 0700", directory, st.st_mode & 07777));
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> LockStorageDirectory(const std::string& directory) {
  const std::string path = directory + "/lock";
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, path);
    return absl::FailedPreconditionError(OtherInstance(path, directory));
  }
  // The pid is a courtesy: a full disk must not keep the observer from starting.
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd.get(), 0) == 0) (void)!pwrite(fd.get(), pid.data(), pid.size(), 0);
  return fd;
}

absl::Status PrepareFile(const std::string& path) {
  struct stat st{};
  if (lstat(path.c_str(), &st) != 0) {
    if (errno != ENOENT) return ErrnoStatus(errno, path);
    UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    return fd.ok() ? absl::OkStatus() : ErrnoStatus(errno, path);
  }
  if (!S_ISREG(st.st_mode)) return absl::FailedPreconditionError(path + ": not a regular file");
  if ((st.st_mode & 0077) != 0 && chmod(path.c_str(), 0600) != 0) return ErrnoStatus(errno, path);
  return absl::OkStatus();
}

}  // namespace nsobs
