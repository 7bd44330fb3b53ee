// Is this the process that was meant? A pid alone says nothing (T13).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/event/process.h"

namespace nsobs {

// The 22nd field of /proc/PID/stat (proc_pid_stat(5)): clock ticks since boot. The comm may hold
// anything, ") R" included.
std::optional<uint64_t> StartTicks(std::string_view stat);

// Whether a kernel's start time and one from /proc, which is coarser, are of the same process.
bool SameStart(uint64_t start_boot_ns, uint64_t ticks);

// A directory of /proc that was checked after it was opened: what is opened below it belongs to
// this process or fails with ESRCH.
class OpenedProcess {
 public:
  // NOT_FOUND: no such process, or another one by now. A start time of 0 isn't checked.
  static absl::StatusOr<OpenedProcess> Open(const std::string& proc_root, const ProcessKey& key);

  // 0 if it can't be read.
  uint32_t NamespaceInode(NamespaceKind kind) const;
  // A namespace held open, checked to be `inode` unless that is 0.
  absl::StatusOr<UniqueFd> OpenNamespace(NamespaceKind kind, uint32_t inode) const;
  absl::StatusOr<UniqueFd> OpenRoot() const;
  bool Alive() const;

 private:
  explicit OpenedProcess(UniqueFd fd) : directory_(std::move(fd)) {}

  UniqueFd directory_;
};

// The inode of a namespace that is held open; 0 if it can't be told.
uint32_t InodeOf(int fd);

}  // namespace nsobs
