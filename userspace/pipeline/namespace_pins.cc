#include "userspace/pipeline/namespace_pins.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace nsobs {

// Verified after opening: the pid may be somebody else's by now.
PinnedFd NamespacePins::Open(uint32_t pid, uint32_t net_inode) const {
  if (pid == 0) return nullptr;
  const std::string path = options_.proc_root + "/" + std::to_string(pid) + "/ns/net";
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

void NamespacePins::OnStart(const ContainerRef& container, const Process& init,
                            int64_t now_boot_ns) {
  const uint32_t inode = init.namespaces[NamespaceKind::kNet].inode;
  if (container == nullptr || !Worth(inode) || pins_.contains(inode)) return;
  if (pins_.size() >= options_.max_pins) return;
  if (PinnedFd fd = Open(init.pid, inode)) {
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
    fd = Open(anomaly.subject.pid, inode);
    if (fd == nullptr && anomaly.container != nullptr) {
      fd = Open(anomaly.container->init.pid, inode);
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
