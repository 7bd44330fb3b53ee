#include "userspace/correlation/runtimes/state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "userspace/base/fd.h"
#include "userspace/correlation/cgroup_path.h"

namespace nsobs {
namespace {

FileVersion VersionOf(const struct stat& st) {
  return {st.st_ino, st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec, st.st_size};
}

}  // namespace

std::optional<StateFile> ReadStateFile(const std::string& path, size_t cap_bytes) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  struct stat st{};
  if (!fd.ok() || fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
  if (st.st_size < 0 || static_cast<size_t>(st.st_size) > cap_bytes) return std::nullopt;
  StateFile file{VersionOf(st), {}};
  char buffer[16384];
  while (true) {
    const ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) return file;
    if (file.text.size() + static_cast<size_t>(n) > cap_bytes) return std::nullopt;
    file.text.append(buffer, static_cast<size_t>(n));
  }
}

std::optional<FileVersion> StatStateFile(const std::string& path) {
  struct stat st{};
  if (lstat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
  return VersionOf(st);
}

std::vector<std::string> ListDirectory(const std::string& path, size_t limit) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(path.c_str()), closedir);
  if (listing == nullptr) return names;
  while (const dirent* entry = readdir(listing.get())) {
    if (names.size() >= limit) break;
    if (IsSafeFileName(entry->d_name)) names.emplace_back(entry->d_name);
  }
  return names;
}

}  // namespace nsobs
