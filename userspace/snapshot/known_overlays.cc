#include "userspace/snapshot/known_overlays.h"

#include "absl/status/statusor.h"
#include "userspace/snapshot/bounded_read.h"
#include "userspace/snapshot/mnt/mountinfo.h"

namespace nsobs {
namespace {

constexpr size_t kMountinfoCap = 16 << 20;

}  // namespace

void KnownOverlays::Load() {
  loaded_ = true;
  const absl::StatusOr<std::string> text =
      ReadProcText(proc_root_ + "/self/mountinfo", kMountinfoCap);
  if (!text.ok()) return;
  const MountTable table = ParseMountinfo(*text, kMaxMounts);
  for (const Mount& mount : table.mounts)
    if (mount.fstype == "overlay") devices_.insert(mount.device);
}

bool KnownOverlays::Has(std::string_view device) {
  if (!loaded_) Load();
  return devices_.find(device) != devices_.end();
}

}  // namespace nsobs
