// Reading the small files that runtimes keep about their containers.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
// symbolic link: runtimes write none.
std::optional<StateFile> ReadStateFile(const std::string& path, size_t cap_bytes = kStateFileCap);

// nullopt if it is no regular file.
std::optional<FileVersion> StatStateFile(const std::string& path);

// Names of at most `limit` entries that are safe to use as file names, in no order.
std::vector<std::string> ListDirectory(const std::string& path, size_t limit);

}  // namespace nsobs
