#include "userspace/snapshot/mnt/copied_up.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/mnt/host_mounts.h"
#include "userspace/snapshot/mnt/path_walk.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr int64_t kLeastBytes = 1 << 20;
constexpr size_t kMaxFiles = 16;
constexpr size_t kMaxEntries = 16'384;
constexpr int kMaxFolderDepth = 32;

struct CopiedFile {
  std::string path;  // from the root of the container
  int64_t size_bytes = 0;
};

// By name, so that nothing is opened: a device that is put there meanwhile is not touched.
bool HasOrigin(int folder_fd, const char* name) {
  const std::string path = absl::StrCat("/proc/self/fd/", folder_fd, "/", name);
  for (const char* attribute : {"trusted.overlay.origin", "user.overlay.origin"}) {
    if (lgetxattr(path.c_str(), attribute, nullptr, 0) >= 0) return true;
  }
  return false;
}

class Walk {
 public:
  Walk(const Target& target, uint64_t device) : target_(target), device_(device) {}

  void Folder(UniqueFd fd, const std::string& path, int depth) {
    const Directory dir(fdopendir(fd.get()));
    if (dir == nullptr) return;
    fd.release();
    while (const dirent* entry = readdir(dir.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++seen_ > kMaxEntries || (seen_ % 256 == 0 && DeadlinePassed(target_))) {
        cut_ = true;
        return;
      }
      Entry(dirfd(dir.get()), entry->d_name, absl::StrCat(path, "/", entry->d_name), depth);
      if (cut_) return;
    }
  }

  std::vector<CopiedFile> files() {
    std::ranges::sort(files_, std::greater<>(), &CopiedFile::size_bytes);
    if (files_.size() > kMaxFiles) files_.resize(kMaxFiles);
    return std::move(files_);
  }
  bool cut() const { return cut_; }

 private:
  void Entry(int folder_fd, const char* name, const std::string& path, int depth) {
    struct stat st{};
    if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) return;
    if (st.st_dev != device_) return;  // something is mounted there
    if (S_ISDIR(st.st_mode)) {
      if (depth >= kMaxFolderDepth) {
        cut_ = true;
        return;
      }
      UniqueFd fd(openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (fd.ok()) Folder(std::move(fd), path, depth + 1);
    } else if (S_ISREG(st.st_mode) && st.st_size >= kLeastBytes && HasOrigin(folder_fd, name)) {
      files_.push_back({path, st.st_size});
    }
  }

  const Target& target_;
  const uint64_t device_;
  size_t seen_ = 0;
  bool cut_ = false;
  std::vector<CopiedFile> files_;
};

}  // namespace

SectionJson CopiedUp(const Target& target, const std::string& upperdir, ReadNotes* notes) {
  const std::optional<HostMounts> host = OpenHostMounts(target, notes);
  if (!host || !upperdir.starts_with('/')) return nullptr;
  const WalkResult found = WalkPath(host->root.get(), upperdir, host->table, Caution::kTrusted,
                                    SymlinkRule::kSystemOnly);
  struct stat st{};
  UniqueFd top = found.fd.ok() ? ReopenFolder(found.fd.get()) : UniqueFd();
  if (!top.ok() || fstat(top.get(), &st) != 0) {
    notes->Error("mnt", "the upper layer of the overlay can't be looked at");
    return nullptr;
  }
  Walk walk(target, st.st_dev);
  walk.Folder(std::move(top), "", 0);
  if (walk.cut()) notes->Truncated("/mnt/overlay/copied_up");
  SectionJson out = SectionJson::array();
  for (const CopiedFile& file : walk.files()) {
    out.push_back({{"path", ToUtf8(file.path)}, {"size_bytes", file.size_bytes}});
  }
  return out;
}

}  // namespace nsobs
