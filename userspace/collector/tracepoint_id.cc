#include "userspace/collector/tracepoint_id.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

bool HasEvents(int root) { return faccessat(root, "events/syscalls", R_OK, 0) == 0; }

UniqueFd MountDetached() {
  UniqueFd context(static_cast<int>(syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
  if (!context.ok()) return UniqueFd();
  if (syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return UniqueFd();
  }
  return UniqueFd(
      static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY)));
}

}  // namespace

absl::StatusOr<TracepointIds> TracepointIds::Open() {
  for (const char* path : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    UniqueFd fd(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (fd.ok() && HasEvents(fd.get())) return TracepointIds(std::move(fd));
  }
  UniqueFd fd = MountDetached();
  if (!fd.ok()) return ErrnoStatus(errno, "tracefs is not mounted and can't be");
  if (!HasEvents(fd.get())) return absl::NotFoundError("tracefs has no syscall events");
  return TracepointIds(std::move(fd));
}

absl::StatusOr<int> TracepointIds::Get(const std::string& name) const {
  const std::string path = "events/" + name + "/id";
  UniqueFd fd(openat(root_.get(), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, "tracepoint " + name);
  char text[16] = {};
  if (read(fd.get(), text, sizeof text - 1) <= 0) return ErrnoStatus(errno, "tracepoint " + name);
  return atoi(text);
}

}  // namespace nsobs
