#include "userspace/collector/unified_root.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxMountinfo = 16 << 20;  // thousands of containers have some each
constexpr ino_t kRootInode = 1;  // kernfs numbers from its root; any other cgroup has another

// Mount points of cgroup2 whose root is the hierarchy's own, from proc_pid_mountinfo(5).
std::vector<std::string> MountPoints(const std::string& mountinfo) {
  std::vector<std::string> out;
  for (absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    if (halves.size() != 2) continue;
    const std::vector<absl::string_view> words = absl::StrSplit(halves[0], ' ');
    const std::vector<absl::string_view> kind = absl::StrSplit(halves[1], ' ');
    if (words.size() > 4 && kind[0] == "cgroup2" && words[3] == "/") out.emplace_back(words[4]);
  }
  return out;
}

}  // namespace

absl::StatusOr<UniqueFd> OpenUnifiedRoot() {
  NSOBS_ASSIGN_OR_RETURN(const std::string mountinfo,
                         ReadSmallFile("/proc/self/mountinfo", kMaxMountinfo));
  for (const std::string& path : MountPoints(mountinfo)) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat st{};
    if (fd.ok() && fstat(fd.get(), &st) == 0 && st.st_ino == kRootInode) return fd;
  }
  return absl::FailedPreconditionError(
      "the root of the unified cgroup hierarchy (cgroup2) is not mounted");
}

}  // namespace nsobs
