#include "userspace/snapshot/mnt/host_mounts.h"

#include <fcntl.h>

#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxHostMounts = 5000;

}  // namespace

std::optional<HostMounts> OpenHostMounts(const Target& target, ReadNotes* notes) {
  const auto text = ReadLines(target.proc_root + "/self/mountinfo", kMountinfoBytes);
  HostMounts host;
  host.root = UniqueFd(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!text.ok() || !host.root.ok()) {
    notes->Error("mnt", "the host's mounts can't be read: sources are not looked at");
    return std::nullopt;
  }
  host.table = ParseMountinfo(text->text, kMaxHostMounts);
  return host;
}

}  // namespace nsobs
