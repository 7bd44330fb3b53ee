// Net namespaces that are held open for a short time, so that a container which fails and is gone a
// moment later can still be looked into.
//
// A container's namespace is pinned as it starts, for some seconds, and again when something is
// wrong with it. Mount namespaces are never pinned: that would hold up the unmounting of volumes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "userspace/base/fd.h"
#include "userspace/event/anomaly.h"

namespace nsobs {

struct PinOptions {
  absl::Duration young = absl::Seconds(5);  // from its birth, or a container's start
  absl::Duration after_anomaly = absl::Seconds(10);
  size_t max_pins = 256;
  std::string proc_root = "/proc";
};

// The last close of a namespace tears it down, which takes time: whoever drops the last reference
// does it, and that should not be an event loop.
using PinnedFd = std::shared_ptr<const UniqueFd>;

// One thread: the pipeline's.
class NamespacePins {
 public:
  explicit NamespacePins(PinOptions options) : options_(std::move(options)) {}

  void SetHost(uint32_t net_inode) { host_net_inode_ = net_inode; }

  // A net namespace was made by `maker`, or by its clone() for `child_pid`: holds it, since what
  // runs in it may be over before we hear of its start.
  void OnBirth(const Process& maker, uint32_t child_pid, uint32_t net_inode, int64_t now_boot_ns);

  // A container began: holds the net namespace of its init, if it is not the host's.
  void OnStart(const ContainerRef& container, const Process& init, int64_t now_boot_ns);

  // Something is wrong: holds the subject's net namespace, and returns it; nullptr: it is gone, or
  // it is the host's.
  PinnedFd Hold(const Anomaly& anomaly, int64_t now_boot_ns);

  // Those whose time is over, to be dropped where that holds up nobody.
  std::vector<PinnedFd> TakeExpired(int64_t now_boot_ns);

  size_t size() const { return pins_.size(); }

 private:
  struct Pin {
    PinnedFd fd;
    int64_t until_boot_ns = 0;
  };

  PinnedFd OpenOfChildren(uint32_t parent, uint32_t net_inode) const;
  PinnedFd Open(const std::string& process, uint32_t net_inode) const;
  bool Worth(uint32_t net_inode) const;
  void Add(uint32_t net_inode, PinnedFd fd, int64_t until_boot_ns);

  const PinOptions options_;
  uint32_t host_net_inode_ = 0;
  absl::flat_hash_map<uint32_t, Pin> pins_;  // by inode: it can't be reused while it is held
};

}  // namespace nsobs
