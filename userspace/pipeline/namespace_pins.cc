#include "userspace/pipeline/namespace_pins.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_split.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxChildrenText = 64 << 10;
constexpr int kMaxLooks = 64;  // at children, in all

}  // namespace

// Verified after opening: the pid may be somebody else's by now.
PinnedFd NamespacePins::Open(const std::string& process, uint32_t net_inode) const {
  const std::string path = options_.proc_root + "/" + process + "/ns/net";
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat st{};
  if (!fd.ok() || fstat(fd.get(), &st) != 0 || st.st_ino != net_inode) return nullptr;
  return std::make_shared<const UniqueFd>(std::move(fd));
}

bool NamespacePins::Worth(uint32_t net_inode) const {
  return net_inode != 0 && host_net_inode_ != 0 && net_inode != host_net_inode_;
}

void NamespacePins::Add(uint32_t net_inode, PinnedFd fd, int64_t until_boot_ns) {
  Pin& pin = pins_[net_inode];
  pin.fd = std::move(fd);
  pin.until_boot_ns = std::max(pin.until_boot_ns, until_boot_ns);
}

// Runtimes make a namespace in one process, fork the container's init out of it as its sibling
// (CLONE_PARENT) and let the first one end: the init is among the children of who started both.
PinnedFd NamespacePins::OpenOfChildren(uint32_t parent, uint32_t net_inode) const {
  if (parent <= 1) return nullptr;
  const std::string tasks = options_.proc_root + "/" + std::to_string(parent) + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(tasks.c_str()), closedir);
  int looks = 0;
  for (const dirent* task; folder && (task = readdir(folder.get())) != nullptr;) {
    if (task->d_name[0] == '.') continue;
    const auto children = ReadSmallFile(tasks + "/" + task->d_name + "/children", kMaxChildrenText);
    if (!children.ok()) continue;
    for (const auto child : absl::StrSplit(*children, ' ', absl::SkipWhitespace())) {
      if (++looks > kMaxLooks) return nullptr;
      if (PinnedFd fd = Open(std::string(child), net_inode)) return fd;
    }
  }
  return nullptr;
}

void NamespacePins::OnBirth(const Process& maker, uint32_t child_pid, uint32_t net_inode,
                            int64_t now_boot_ns) {
  if (!Worth(net_inode) || pins_.contains(net_inode) || pins_.size() >= options_.max_pins) return;
  // Engines written in Go make it in a thread that does nothing else.
  const std::string process =
      child_pid != 0 ? std::to_string(child_pid)
                     : std::to_string(maker.pid) + "/task/" + std::to_string(maker.tid);
  PinnedFd fd = Open(process, net_inode);
  if (fd == nullptr) fd = OpenOfChildren(maker.parent_pid, net_inode);
  if (fd != nullptr) {
    Add(net_inode, std::move(fd), now_boot_ns + absl::ToInt64Nanoseconds(options_.young));
  }
}

void NamespacePins::OnStart(const ContainerRef& container, const Process& init,
                            int64_t now_boot_ns) {
  const uint32_t inode = init.namespaces[NamespaceKind::kNet].inode;
  if (container == nullptr || !Worth(inode) || pins_.contains(inode)) return;
  if (pins_.size() >= options_.max_pins) return;
  if (PinnedFd fd = Open(std::to_string(init.pid), inode)) {
    Add(inode, std::move(fd), now_boot_ns + absl::ToInt64Nanoseconds(options_.young));
  }
}

PinnedFd NamespacePins::Hold(const Anomaly& anomaly, int64_t now_boot_ns) {
  const uint32_t inode = anomaly.subject.namespaces[NamespaceKind::kNet].inode;
  if (!Worth(inode)) return nullptr;
  const int64_t until = now_boot_ns + absl::ToInt64Nanoseconds(options_.after_anomaly);
  PinnedFd fd;
  if (auto found = pins_.find(inode); found != pins_.end()) {
    fd = found->second.fd;
  } else {
    fd = Open(std::to_string(anomaly.subject.pid), inode);
    if (fd == nullptr && anomaly.container != nullptr) {
      fd = Open(std::to_string(anomaly.container->init.pid), inode);
    }
  }
  if (fd != nullptr && (pins_.contains(inode) || pins_.size() < options_.max_pins)) {
    Add(inode, fd, until);
  }
  return fd;
}

std::vector<PinnedFd> NamespacePins::TakeExpired(int64_t now_boot_ns) {
  std::vector<PinnedFd> out;
  for (auto it = pins_.begin(); it != pins_.end();) {
    if (it->second.until_boot_ns > now_boot_ns) {
      ++it;
      continue;
    }
    out.push_back(std::move(it->second.fd));
    pins_.erase(it++);
  }
  return out;
}

}  // namespace nsobs
