#include "userspace/correlation/lxc_monitor.h"

#include <dirent.h>

#include <memory>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "userspace/base/file.h"
#include "userspace/correlation/cgroup_path.h"

namespace nsobs {
namespace {

constexpr size_t kUnixCap = 1 << 20;
constexpr size_t kMaxFds = 256;
constexpr size_t kFields = 8;  // Num RefCount Protocol Flags Type St Inode Path: proc(5)

// "socket:[7923546]" -> 7923546; 0 for anything else.
uint64_t SocketInode(std::string_view link) {
  constexpr std::string_view kPrefix = "socket:[";
  uint64_t inode = 0;
  if (!link.starts_with(kPrefix) || !link.ends_with(']')) return 0;
  const std::string_view digits = link.substr(kPrefix.size(), link.size() - kPrefix.size() - 1);
  return absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &inode) ? inode : 0;
}

std::optional<LxcMonitor> ParseSocketName(std::string_view path) {
  constexpr std::string_view kEnding = "/command";
  if (!path.starts_with("@/") || !path.ends_with(kEnding)) return std::nullopt;
  path = path.substr(1, path.size() - 1 - kEnding.size());
  const size_t slash = path.rfind('/');
  if (slash == 0 || path.find("..") != std::string_view::npos) return std::nullopt;
  LxcMonitor monitor{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
  if (!IsSafeFileName(monitor.name)) return std::nullopt;
  return monitor;
}

}  // namespace

std::map<uint64_t, LxcMonitor> ParseCommandSockets(std::string_view net_unix) {
  std::map<uint64_t, LxcMonitor> sockets;
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(net_unix.data(), net_unix.size()), '\n')) {
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::MaxSplits(' ', kFields - 1), absl::SkipEmpty());
    uint64_t inode = 0;
    if (fields.size() != kFields || !absl::SimpleAtoi(fields[kFields - 2], &inode)) continue;
    const absl::string_view path = fields[kFields - 1];
    if (auto monitor = ParseSocketName({path.data(), path.size()})) {
      sockets.emplace(inode, *std::move(monitor));
    }
  }
  return sockets;
}

std::optional<LxcMonitor> FindLxcMonitor(const std::string& proc_root, uint32_t pid) {
  const std::string process = proc_root + "/" + std::to_string(pid);
  const auto text = ReadSmallFile(process + "/net/unix", kUnixCap);
  if (!text.ok()) return std::nullopt;
  const std::map<uint64_t, LxcMonitor> sockets = ParseCommandSockets(*text);
  if (sockets.empty()) return std::nullopt;
  const std::string folder = process + "/fd";
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(folder.c_str()), closedir);
  std::optional<LxcMonitor> found;
  for (size_t i = 0; listing != nullptr && i < kMaxFds; ++i) {
    const dirent* entry = readdir(listing.get());
    if (entry == nullptr) break;
    const auto link = ReadLink(folder + "/" + entry->d_name);
    const auto socket = link.ok() ? sockets.find(SocketInode(*link)) : sockets.end();
    if (socket == sockets.end()) continue;
    if (found) return std::nullopt;
    found = socket->second;
  }
  return found;
}

}  // namespace nsobs
