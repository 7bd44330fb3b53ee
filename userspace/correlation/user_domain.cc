#include "userspace/correlation/user_domain.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "userspace/base/fd.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

constexpr int kMaxDepth = 33;  // the kernel nests 32
constexpr size_t kMaxRanges = 16;
constexpr size_t kUidMapCap = 64 << 10;  // 340 lines at most

uint32_t InodeOf(int fd) {
  struct stat st{};
  return fstat(fd, &st) == 0 ? static_cast<uint32_t>(st.st_ino) : 0;
}

}  // namespace

std::vector<IdRange> ParseUidMap(std::string_view text) {
  std::vector<IdRange> ranges;
  for (absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    IdRange range;
    if (fields.size() != 3 || ranges.size() >= kMaxRanges) continue;
    const bool good = absl::SimpleAtoi(fields[0], &range.inside) &&
                      absl::SimpleAtoi(fields[1], &range.outside) &&
                      absl::SimpleAtoi(fields[2], &range.count);
    if (good) ranges.push_back(range);
  }
  return ranges;
}

std::optional<ContainerUser> ReadUserDomain(const std::string& proc_root, uint32_t pid,
                                            uint32_t host_inode) {
  const std::string process = proc_root + "/" + std::to_string(pid);
  UniqueFd at(open((process + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!at.ok() || host_inode == 0 || InodeOf(at.get()) == host_inode) return std::nullopt;
  ContainerUser user;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    uid_t owner = 0;
    if (ioctl(at.get(), NS_GET_OWNER_UID, &owner) != 0) return std::nullopt;
    user.uid = owner;
    UniqueFd parent(ioctl(at.get(), NS_GET_PARENT));
    if (!parent.ok()) return std::nullopt;
    if (InodeOf(parent.get()) == host_inode) {
      const auto map = ReadSmallFile(process + "/uid_map", kUidMapCap);
      if (map.ok()) user.uid_map = ParseUidMap(*map);
      return user;
    }
    at = std::move(parent);
  }
  return std::nullopt;
}

}  // namespace nsobs
