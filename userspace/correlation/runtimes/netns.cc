#include "userspace/correlation/runtimes/netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "userspace/base/fd.h"
#include "userspace/correlation/runtimes/state_file.h"

// Since Linux 6.18; not in Debian 12's headers.
#ifndef NS_GET_ID
#define NS_GET_ID _IOR(NSIO, 13, __u64)
#endif

namespace nsobs {
namespace {

constexpr size_t kMaxNames = 4096;

uint32_t InodeOfNsfs(const std::string& path) {
  struct statfs fs{};
  struct stat st{};
  if (statfs(path.c_str(), &fs) != 0 || fs.f_type != NSFS_MAGIC) return 0;
  return stat(path.c_str(), &st) == 0 ? static_cast<uint32_t>(st.st_ino) : 0;
}

// The id of the namespace behind the file, if it is still the one with this inode; 0 where the
// kernel has no ids. A net namespace may be closed by anybody: its end is the kernel's own work.
uint64_t IdOfNsfs(const std::string& path, uint32_t inode) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat st{};
  __u64 id = 0;
  if (!fd.ok() || fstat(fd.get(), &st) != 0 || st.st_ino != inode) return 0;
  return ioctl(fd.get(), NS_GET_ID, &id) == 0 ? id : 0;
}

bool IsUuid(std::string_view text) {
  constexpr size_t kLength = 36;
  if (text.size() != kLength) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
  });
}

// "netns-<uuid>" is podman's, "cni-<uuid>" containerd's: the containers in them are the owners.
bool IsOfRuntime(std::string_view name) {
  for (std::string_view prefix : {"netns-", "cni-"}) {
    if (name.starts_with(prefix) && IsUuid(name.substr(prefix.size()))) return true;
  }
  return false;
}

class NetnsReader : public RuntimeReader {
 public:
  NetnsReader(const RuntimeRoots& roots, NamespaceInodeFn inode) : roots_(roots), inode_(inode) {}

  // A namespace is found by what it is, not by a name.
  std::optional<RuntimeRecord> Find(const RuntimeQuery&) override { return std::nullopt; }

  std::vector<RuntimeRecord> List() override {
    std::vector<RuntimeRecord> records;
    for (const std::string& root : roots_.netns) {
      for (const std::string& name : roots_.files.List(root, kMaxNames)) {
        if (IsOfRuntime(name)) continue;
        const uint32_t inode = inode_(root + "/" + name);
        if (inode == 0) continue;
        RuntimeRecord record;
        record.runtime = "netns";
        record.id = "net:[" + std::to_string(inode) + "]";
        record.name = "netns " + name;
        record.plain_namespace = {NamespaceKind::kNet, inode};
        record.plain_namespace_id = IdOfNsfs(root + "/" + name, inode);
        records.push_back(std::move(record));
      }
    }
    return records;
  }

 private:
  const RuntimeRoots& roots_;
  const NamespaceInodeFn inode_;
};

}  // namespace

std::unique_ptr<RuntimeReader> MakeNetnsReader(const RuntimeRoots& roots) {
  return MakeNetnsReader(roots, InodeOfNsfs);
}

std::unique_ptr<RuntimeReader> MakeNetnsReader(const RuntimeRoots& roots, NamespaceInodeFn inode) {
  return std::make_unique<NetnsReader>(roots, inode);
}

}  // namespace nsobs
