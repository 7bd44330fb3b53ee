// The sections UTS, IPC, TIMENS and USER.
#include <sys/utsname.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "userspace/base/file.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/json_text.h"
#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/mnt/path_walk.h"
#include "userspace/snapshot/proc_file.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {
namespace {

constexpr size_t kConfigBytes = 1 << 20;
constexpr size_t kMaxMapRows = 340;  // the kernel's own limit

std::string FirstWord(std::string_view text) {
  std::string_view line = NextLine(&text);
  return ToUtf8(NextWord(&line));
}

bool HostnameOfReader(SectionJson* out) {
  utsname names{};
  if (uname(&names) != 0) return false;
  (*out)["hostname"] = ToUtf8(names.nodename);
  (*out)["domainname"] = ToUtf8(names.domainname);
  (*out)["source"] = "uname";
  return true;
}

bool HostnameOfSpec(const std::string& config, SectionJson* out) {
  if (config.empty()) return false;
  const auto text = ReadSmallFile(config, kConfigBytes);
  if (!text.ok()) return false;
  const auto spec = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const std::string hostname = JsonText(spec, "hostname");
  if (hostname.empty()) return false;
  (*out)["hostname"] = hostname;
  if (const std::string domain = JsonText(spec, "domainname"); !domain.empty()) {
    (*out)["domainname"] = domain;
  }
  (*out)["source"] = "config.json";
  return true;
}

bool HostnameOfFile(const Target& target, SectionJson* out) {
  if (target.root_fd < 0) return false;
  const auto text = ReadLines(ProcPath(target, target.pid, "mountinfo"), kMountinfoBytes);
  if (!text.ok()) return false;
  const MountTable mounts = ParseMountinfo(text->text, kMaxMounts);
  const Caution caution = CautionFor(target, mounts);
  const WalkResult walk =
      WalkPath(target.root_fd, "/etc/hostname", mounts, caution, SymlinkRule::kFollow);
  const auto content = ReadWalked(walk, caution, kSmallFileBytes);
  if (!content.ok() || FirstWord(*content).empty()) return false;
  (*out)["hostname"] = FirstWord(*content);
  (*out)["source"] = "/etc/hostname";
  return true;
}

// sysvipc(5): a heading, then a row an object; `column` (from 0) is added up.
struct IpcTable {
  uint64_t rows = 0;
  uint64_t sum = 0;
};
std::optional<IpcTable> ReadIpcTable(const Target& target, const char* name, int column) {
  const auto text = ReadLines(target.proc_root + "/sysvipc/" + name, 4 << 20);
  if (!text.ok()) return std::nullopt;
  IpcTable out;
  std::string_view rest = text->text;
  NextLine(&rest);
  while (!rest.empty()) {
    std::string_view line = NextLine(&rest);
    std::string_view word;
    for (int i = 0; i <= column; ++i) word = NextWord(&line);
    ++out.rows;
    out.sum += ParseNumber(word).value_or(0);
  }
  return out;
}

// "monotonic 100 5": seconds (may be negative) and nanoseconds.
std::optional<int64_t> OffsetNs(std::string_view text, std::string_view clock) {
  while (!text.empty()) {
    std::string_view line = NextLine(&text);
    if (NextWord(&line) != clock) continue;
    const auto seconds = ParseSignedNumber(NextWord(&line));
    const auto ns = ParseSignedNumber(NextWord(&line));
    int64_t total = 0;
    if (!seconds || !ns || __builtin_mul_overflow(*seconds, int64_t{1'000'000'000}, &total) ||
        __builtin_add_overflow(total, *ns, &total)) {
      return std::nullopt;
    }
    return total;
  }
  return std::nullopt;
}

SectionJson IdMap(const Target& target, const char* name, bool* root_is_root, ReadNotes* notes) {
  SectionJson rows = SectionJson::array();
  *root_is_root = false;
  const auto text = ReadProcFile(target, target.pid, name);
  if (!text.ok()) {
    notes->Error("user", std::string(text.status().message()));
    return rows;
  }
  std::string_view rest = *text;
  while (!rest.empty() && rows.size() < kMaxMapRows) {
    std::string_view line = NextLine(&rest);
    const auto inside = ParseNumber(NextWord(&line));
    const auto outside = ParseNumber(NextWord(&line));
    const auto count = ParseNumber(NextWord(&line));
    if (!inside || !outside || !count) continue;
    if (*inside == 0 && *outside == 0 && *count > 0) *root_is_root = true;
    rows.push_back({{"inside", *inside}, {"outside", *outside}, {"count", *count}});
  }
  return rows;
}

}  // namespace

// Only the net namespace is entered, so the name of another uts namespace is what the runtime was
// told to set, or what the container's file says; "source" tells which.
void ReadUts(const Target& target, SectionJson* out, ReadNotes* notes) {
  SetIfKnown(out, "inode", NamespaceInode(target, target.pid, NamespaceKind::kUts));
  const bool shared = SharesNamespaceWithReader(target, NamespaceKind::kUts);
  if (shared && HostnameOfReader(out)) return;
  if (HostnameOfSpec(target.request->bundle_config, out)) return;
  if (HostnameOfFile(target, out)) return;
  notes->Error("uts", "the hostname is not known without entering the namespace");
}

void ReadIpc(const Target& target, SectionJson* out, ReadNotes* notes) {
  SetIfKnown(out, "inode", NamespaceInode(target, target.pid, NamespaceKind::kIpc));
  // procfs shows the objects of the reader's namespace, whoever's folder it is asked for.
  if (!SharesNamespaceWithReader(target, NamespaceKind::kIpc)) {
    notes->Error("ipc",
                 "the objects of another ipc namespace can't be counted without entering it");
    return;
  }
  const auto shm = ReadIpcTable(target, "shm", 3);
  const auto sem = ReadIpcTable(target, "sem", 3);
  const auto msg = ReadIpcTable(target, "msg", 3);
  if (!shm || !sem || !msg) return notes->Error("ipc", "sysvipc can't be read");
  (*out)["shared_memory_segments"] = shm->rows;
  (*out)["shared_memory_bytes"] = shm->sum;
  (*out)["semaphores"] = sem->sum;
  (*out)["message_queues"] = msg->rows;
}

void ReadTimens(const Target& target, SectionJson* out, ReadNotes* notes) {
  SetIfKnown(out, "inode", NamespaceInode(target, target.pid, NamespaceKind::kTime));
  const auto text = ReadProcFile(target, target.pid, "timens_offsets");
  if (!text.ok()) return notes->Error("timens", std::string(text.status().message()));
  SetIfKnown(out, "monotonic_offset_ns", OffsetNs(*text, "monotonic"));
  SetIfKnown(out, "boottime_offset_ns", OffsetNs(*text, "boottime"));
}

void ReadUser(const Target& target, SectionJson* out, ReadNotes* notes) {
  SetIfKnown(out, "inode", NamespaceInode(target, target.pid, NamespaceKind::kUser));
  bool root_is_root = false, group_too = false;
  (*out)["uid_map"] = IdMap(target, "uid_map", &root_is_root, notes);
  (*out)["gid_map"] = IdMap(target, "gid_map", &group_too, notes);
  if (const auto text = ReadProcFile(target, target.pid, "setgroups"); text.ok()) {
    (*out)["setgroups"] = FirstWord(*text);
  }
  (*out)["root_is_root"] = root_is_root;
}

}  // namespace nsobs
