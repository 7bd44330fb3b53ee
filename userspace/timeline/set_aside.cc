#include "userspace/timeline/set_aside.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "userspace/base/status_util.h"
#include "userspace/timeline/storage_dir.h"

namespace nsobs {
namespace {

// The file itself last: if we die in between, what is left is found bad again and set aside too.
constexpr const char* kSuffixes[] = {"-shm", "-wal", "-journal", ""};

bool Exists(const std::string& path) {
  struct stat st{};
  return lstat(path.c_str(), &st) == 0;
}

int64_t ModifiedNs(const std::string& path) {
  struct stat st{};
  if (stat(path.c_str(), &st) != 0) return 0;
  return int64_t{st.st_mtim.tv_sec} * 1'000'000'000 + st.st_mtim.tv_nsec;
}

std::string FreeName(const std::string& directory, int64_t wall_ns) {
  const std::string base = absl::StrCat(
      kTimelineFile, ".corrupt-",
      absl::FormatTime("%Y%m%dT%H%M%SZ", absl::FromUnixNanos(wall_ns), absl::UTCTimeZone()));
  std::string name = base;
  for (int n = 2; Exists(absl::StrCat(directory, "/", name)); ++n) {
    name = absl::StrCat(base, "-", n);
  }
  return name;
}

// When it was renamed, as far as the filesystem tells: renaming changes the inode.
int64_t ChangedNs(const std::string& path) {
  struct stat st{};
  if (stat(path.c_str(), &st) != 0) return 0;
  return int64_t{st.st_ctim.tv_sec} * 1'000'000'000 + st.st_ctim.tv_nsec;
}

// Those set aside so far, the newest first.
std::vector<std::string> SetAsideFiles(const std::string& directory) {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!absl::StartsWith(name, absl::StrCat(kTimelineFile, ".corrupt-"))) continue;
    const auto has_suffix = [&](const char* suffix) {
      return *suffix != '\0' && absl::EndsWith(name, suffix);
    };
    if (std::any_of(std::begin(kSuffixes), std::end(kSuffixes), has_suffix)) continue;
    found.emplace_back(ChangedNs(entry->path().string()), entry->path().string());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> paths;
  for (auto& [time, path] : found) paths.push_back(std::move(path));
  return paths;
}

}  // namespace

absl::StatusOr<std::string> SetAside(const std::string& directory, int64_t wall_ns) {
  const std::string path = TimelinePath(directory);
  const std::string name = FreeName(directory, wall_ns);
  for (const char* suffix : kSuffixes) {
    const std::string from = path + suffix;
    const std::string to = absl::StrCat(directory, "/", name, suffix);
    if (rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, from);
  }
  std::vector<std::string> all = SetAsideFiles(directory);
  for (size_t i = kSetAsideKept; i < all.size(); ++i) {
    for (const char* suffix : kSuffixes) unlink((all[i] + suffix).c_str());
  }
  return name;
}

std::string LastSetAside(const std::string& directory) {
  const std::vector<std::string> all = SetAsideFiles(directory);
  return all.empty() ? std::string() : all.front();
}

int64_t LastWrittenWallNs(const std::string& path) {
  return std::max(ModifiedNs(path), ModifiedNs(path + "-wal"));
}

}  // namespace nsobs
