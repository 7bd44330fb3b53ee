#include "userspace/correlation/cgroup_mounts.h"

#include <sys/stat.h>

#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "userspace/base/file.h"
#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

constexpr size_t kMountinfoCap = 16 << 20;  // 20,000 mounts are 1.2 MB
constexpr size_t kSmallCap = 64 << 10;

bool IsDirectory(const std::string& path) {
  struct stat st{};
  return stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

struct Mount {
  std::string root, directory, type, options;
};

// proc(5): "36 35 98:0 /root /mount/point rw shared:1 - type source superoptions"
std::optional<Mount> ParseMount(absl::string_view line) {
  const std::vector<absl::string_view> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
  if (halves.size() != 2) return std::nullopt;
  const std::vector<absl::string_view> left = absl::StrSplit(halves[0], ' ');
  const std::vector<absl::string_view> right = absl::StrSplit(halves[1], ' ');
  if (left.size() < 6 || right.size() < 3) return std::nullopt;
  return Mount{std::string(left[3]), std::string(left[4]), std::string(right[0]),
               std::string(right[2])};
}

void TakeMount(const Mount& mount, CgroupMounts* out) {
  if (mount.root != "/") return;  // a part of a hierarchy: its paths would be cut
  if (mount.type == "cgroup2" && out->unified.empty()) out->unified = mount.directory;
  if (mount.type != "cgroup" || !out->memory.empty()) return;
  for (absl::string_view option : absl::StrSplit(mount.options, ',')) {
    if (option == "memory") out->memory = mount.directory;
  }
}

}  // namespace

CgroupMounts FindCgroupMounts(const std::string& proc_root, const std::string& cgroup_root) {
  CgroupMounts out;
  if (const auto text = ReadSmallFile(proc_root + "/self/cgroup", kSmallCap); text.ok()) {
    out.memory_hierarchy = ParseProcCgroup(*text).memory_hierarchy;
  }
  if (!cgroup_root.empty()) {
    const bool hybrid = IsDirectory(cgroup_root + "/unified");
    out.unified = hybrid ? cgroup_root + "/unified" : cgroup_root;
    if (IsDirectory(cgroup_root + "/memory")) out.memory = cgroup_root + "/memory";
  } else if (const auto text = ReadSmallFile(proc_root + "/self/mountinfo", kMountinfoCap);
             text.ok()) {
    for (absl::string_view line : absl::StrSplit(*text, '\n')) {
      if (const auto mount = ParseMount(line)) TakeMount(*mount, &out);
    }
  }
  if (out.memory_hierarchy == 0) out.memory.clear();
  return out;
}

}  // namespace nsobs
