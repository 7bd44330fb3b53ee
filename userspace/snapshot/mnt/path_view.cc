#include "userspace/snapshot/mnt/path_view.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/str_format.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/mnt/path_walk.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr size_t kUnixTableBytes = 4 << 20;
constexpr uint32_t kAcceptsConnections = 0x10000;  // __SO_ACCEPTCON
constexpr uint32_t kDatagram = 2;

const char* TypeName(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "directory";
    case S_IFSOCK:
      return "socket";
    case S_IFIFO:
      return "fifo";
    case S_IFCHR:
      return "character_device";
    case S_IFBLK:
      return "block_device";
    default:
      return "other";
  }
}

SectionJson Listening(const Target& target, const WalkResult& walk, ReadNotes* notes) {
  const auto table = ReadLines(ProcPath(target, target.pid, "net/unix"), kUnixTableBytes);
  if (!table.ok()) {
    notes->Error("mnt", "who listens on the path: " + std::string(table.status().message()));
    return nullptr;
  }
  const bool listens =
      ListensAt(table->text, target.request->path) || ListensAt(table->text, walk.path);
  if (!listens && table->truncated) return nullptr;
  return listens;
}

void AddAttributes(const Target& target, const WalkResult& walk, SectionJson* out,
                   ReadNotes* notes) {
  struct statx st{};
  if (statx(walk.fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) != 0) {
    notes->Error("mnt", "attributes of the path: " + ErrnoName(errno));
    return;
  }
  (*out)["type"] = TypeName(st.stx_mode);
  (*out)["mode"] = absl::StrFormat("%04o", st.stx_mode & 07777);
  (*out)["uid"] = st.stx_uid;  // as the host counts them
  (*out)["gid"] = st.stx_gid;
  (*out)["size_bytes"] = st.stx_size;
  (*out)["listening"] = S_ISSOCK(st.stx_mode) ? Listening(target, walk, notes) : nullptr;
}

// Who may make and remove files beside it: the folder as it is, null if it isn't there either.
SectionJson ParentOf(const Target& target, const MountTable& mounts) {
  const std::string& path = target.request->path;
  const size_t name = path.find_last_not_of('/');
  const size_t slash = name == path.npos ? path.npos : path.rfind('/', name);
  if (slash == path.npos) return nullptr;
  const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
  const WalkResult walk =
      WalkPath(target.root_fd, folder, mounts, CautionFor(target, mounts), SymlinkRule::kFollow);
  struct statx st{};
  if (!walk.fd.ok() ||
      statx(walk.fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) != 0) {
    return nullptr;
  }
  return {{"path", ToUtf8(folder)},
          {"mode", absl::StrFormat("%04o", st.stx_mode & 07777)},
          {"uid", st.stx_uid},
          {"gid", st.stx_gid}};
}

template <typename Int>
bool ParseHex(std::string_view word, Int* out) {
  const auto result = std::from_chars(word.data(), word.data() + word.size(), *out, 16);
  return result.ec == std::errc() && result.ptr == word.data() + word.size();
}

}  // namespace

bool ListensAt(std::string_view proc_net_unix, std::string_view path) {
  if (path.empty() || path.find('\n') != std::string_view::npos) return false;
  while (!proc_net_unix.empty()) {
    // Num RefCount Protocol Flags Type St Inode Path
    std::string_view line = NextLine(&proc_net_unix);
    NextWord(&line);
    NextWord(&line);
    NextWord(&line);
    uint32_t flags = 0, type = 0;
    if (!ParseHex(NextWord(&line), &flags) || !ParseHex(NextWord(&line), &type)) continue;
    NextWord(&line);
    NextWord(&line);
    if (line.empty() || line.substr(1) != path) continue;
    if ((flags & kAcceptsConnections) != 0 || type == kDatagram) return true;
  }
  return false;
}

SectionJson PathView(const Target& target, const MountTable& mounts, ReadNotes* notes) {
  const WalkResult walk = WalkPath(target.root_fd, target.request->path, mounts,
                                   CautionFor(target, mounts), SymlinkRule::kFollow);
  SectionJson out = {{"path", ToUtf8(target.request->path)}};
  if (walk.refused) {
    notes->Error("mnt", "the path is not looked at: " + walk.refusal);
  } else {
    out["exists"] = walk.error == 0;
    out["errno_name"] = walk.error == 0 ? SectionJson(nullptr) : SectionJson(ErrnoName(walk.error));
  }
  if (walk.fd.ok()) AddAttributes(target, walk, &out, notes);
  out["parent"] = ParentOf(target, mounts);
  if (walk.mount != nullptr) {
    out["mount_point"] = ToUtf8(walk.mount->mount_point);
    out["fstype"] = ToUtf8(walk.mount->fstype);
    out["read_only"] = IsReadOnly(*walk.mount);
  }
  return out;
}

}  // namespace nsobs
