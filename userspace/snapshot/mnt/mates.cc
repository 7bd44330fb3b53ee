#include "userspace/snapshot/mnt/mates.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "userspace/base/clock.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/mnt/path_walk.h"
#include "userspace/snapshot/proc_file.h"
#include "userspace/snapshot/process_identity.h"

namespace nsobs {
namespace {

// Made or changed after the container began: no file of its image, whose inodes were made when the
// image was unpacked. The change time can't be set back by who owns the file.
bool IsNewerThan(const struct statx& st, const ProcessKey& init) {
  const SystemClock clock;
  const int64_t began_ns =
      clock.WallNs() - clock.BootNs() + static_cast<int64_t>(init.start_boot_ns);
  return int64_t{st.stx_ctime.tv_sec} * 1'000'000'000 + st.stx_ctime.tv_nsec >= began_ns;
}

SectionJson Row(const PeerNamespace& mate, const WalkResult& walk) {
  SectionJson row = {{"owner", ToUtf8(mate.owner)}, {"owner_id", ToUtf8(mate.owner_id)}};
  if (walk.mount != nullptr) {
    row["mount_point"] = ToUtf8(walk.mount->mount_point);
    row["fstype"] = ToUtf8(walk.mount->fstype);
  }
  struct statx st{};
  if (statx(walk.fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) == 0) {
    row["type"] = S_ISDIR(st.stx_mode) ? "directory" : "file";
    row["made_since_start"] = IsNewerThan(st, mate.process);
  }
  return row;
}

// Null if it has no such file, or can't be looked at.
SectionJson LookIn(const Target& target, const PeerNamespace& mate, ReadNotes* notes) {
  const auto process = OpenedProcess::Open(target.proc_root, mate.process);
  if (!process.ok() || process->NamespaceInode(NamespaceKind::kMnt) != mate.inode) return nullptr;
  const auto root = process->OpenRoot();
  Target there = target;
  there.pid = mate.process.pid;
  const auto text = ReadLines(ProcPath(there, there.pid, "mountinfo"), kMountinfoBytes);
  // What was read by its number belongs to the process only if that is still there.
  if (!root.ok() || !text.ok() || !process->Alive()) return nullptr;
  const MountTable mounts = ParseMountinfo(text->text, kMaxMounts);
  const WalkResult walk = WalkPath(root->get(), target.request->path, mounts,
                                   CautionFor(there, mounts), SymlinkRule::kFollow);
  if (walk.refused) {
    notes->Error("mnt", absl::StrCat("the path in ", ToUtf8(mate.owner), ": ", walk.refusal));
  }
  return walk.fd.ok() ? Row(mate, walk) : SectionJson(nullptr);
}

}  // namespace

SectionJson ExistsIn(const Target& target, ReadNotes* notes) {
  SectionJson out = SectionJson::array();
  for (const PeerNamespace& mate : target.request->mates) {
    if (DeadlinePassed(target)) break;
    SectionJson row = LookIn(target, mate, notes);
    if (!row.is_null()) out.push_back(std::move(row));
  }
  return out;
}

}  // namespace nsobs
