// Reading the small files that runtimes keep about their containers.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/fd.h"

namespace nsobs {

// What tells that a file is not the one that was read before.
struct FileVersion {
  uint64_t inode = 0;
  int64_t mtime_ns = 0;
  int64_t size = 0;
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

struct StateFile {
  FileVersion version;
  std::string text;
};

// The largest file of one container that is read: runc's states are about 35 KB.
inline constexpr size_t kStateFileCap = 1 << 20;

// A regular file of at most `cap_bytes`; nullopt for anything else. The last component may not be a
// symbolic link: runtimes write none. For files of root only.
std::optional<StateFile> ReadStateFile(const std::string& path, size_t cap_bytes = kStateFileCap);

// nullopt if it is no regular file.
std::optional<FileVersion> StatStateFile(const std::string& path);

// Names of at most `limit` entries that are safe to use as file names, in no order.
std::vector<std::string> ListDirectory(const std::string& path, size_t limit);

// The files that the runtimes of one user of the host keep: root's, or another's.
//
// Another user is a stranger: he may put links, pipes and servers that never answer where his files
// should be, and hard links to the files of others. So the way is walked name by name: no links,
// only directories of root or of the user, only filesystems that the kernel itself answers for; and
// what is read is a regular file of his with one name. Not thread-safe: it remembers the mounts.
class StateFiles {
 public:
  explicit StateFiles(uint32_t uid = 0) : uid_(uid) {}

  uint32_t uid() const { return uid_; }

  // As the functions above.
  std::optional<StateFile> Read(const std::string& path, size_t cap_bytes = kStateFileCap) const;
  std::optional<FileVersion> Stat(const std::string& path) const;
  std::vector<std::string> List(const std::string& path, size_t limit) const;

 private:
  // O_PATH descriptor of what `path` names; not ok() if the way is refused.
  UniqueFd Walk(const std::string& path) const;
  bool IsTrustedStep(int fd, uint64_t* mount) const;
  bool IsLocal(uint64_t mount) const;

  uint32_t uid_;
  mutable std::map<uint64_t, bool> local_;  // by mount id; forgotten after a second
  mutable int64_t read_boot_ns_ = 0;
};

}  // namespace nsobs
