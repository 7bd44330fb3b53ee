// The section MNT: the mount table as the target has it, and what it says about one path.
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>

#include "userspace/base/sanitize.h"
#include "userspace/snapshot/mnt/copied_up.h"
#include "userspace/snapshot/mnt/mates.h"
#include "userspace/snapshot/mnt/mountinfo.h"
#include "userspace/snapshot/mnt/path_view.h"
#include "userspace/snapshot/mnt/path_walk.h"
#include "userspace/snapshot/mnt/spec_mounts.h"
#include "userspace/snapshot/proc_file.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {
namespace {

constexpr size_t kMaxRows = 2000;  // in the record

SectionJson Texts(const std::vector<std::string>& texts) {
  SectionJson out = SectionJson::array();
  for (const std::string& text : texts) out.push_back(ToUtf8(text));
  return out;
}

// Null unless the filesystem counts blocks and can be asked without waiting for anybody.
void AddSizes(const Target& target, const Mount& mount, Caution caution, SectionJson* row) {
  for (const char* key : {"total_bytes", "free_bytes", "inodes_free"}) (*row)[key] = nullptr;
  if (target.root_fd < 0 || !AnswersFromKernel(mount.fstype, caution)) return;
  const UniqueFd fd = OpenMountPoint(target.root_fd, mount);
  struct statfs fs{};
  if (!fd.ok() || fstatfs(fd.get(), &fs) != 0) return;
  const auto block = static_cast<uint64_t>(fs.f_frsize != 0 ? fs.f_frsize : fs.f_bsize);
  if (fs.f_blocks != 0) {  // 0: procfs and the like, or a tmpfs without a limit
    (*row)["total_bytes"] = fs.f_blocks * block;
    (*row)["free_bytes"] = fs.f_bavail * block;
  }
  if (fs.f_files != 0) (*row)["inodes_free"] = fs.f_ffree;
}

std::string LinkAt(int folder_fd, const char* name) {
  char link[64];
  const ssize_t n = readlinkat(folder_fd, name, link, sizeof link);
  return {link, n > 0 ? static_cast<size_t>(n) : 0};
}

// Whose processes a mount of procfs shows. "self" in it leads to the reader as that pid namespace
// counts it (proc_self_get_link(), fs/proc/self.c): by its own number if it is the reader's own.
// Else process 1 of it is the first of that namespace.
void AddPidNamespace(const Target& target, const Mount& mount, SectionJson* row) {
  if (mount.fstype != "proc" || mount.root != "/" || target.root_fd < 0) return;
  const UniqueFd fd = OpenMountPoint(target.root_fd, mount);
  if (!fd.ok()) return;
  if (LinkAt(fd.get(), "self") == std::to_string(getpid())) {
    SetIfKnown(row, "pid_namespace",
               NamespaceInode(target, static_cast<uint32_t>(getpid()), NamespaceKind::kPid));
    return;
  }
  const std::string link = LinkAt(fd.get(), "1/ns/pid");
  const std::string_view text = link;
  if (!text.starts_with("pid:[") || !text.ends_with("]")) return;
  SetIfKnown(row, "pid_namespace", ParseNumber(text.substr(5, text.size() - 6)));
}

SectionJson Row(const Mount& mount) {
  return {{"id", mount.id},
          {"parent", mount.parent},
          {"mount_point", ToUtf8(mount.mount_point)},
          {"fstype", ToUtf8(mount.fstype)},
          {"source", ToUtf8(mount.source)},
          {"root", ToUtf8(mount.root)},
          {"options", Texts(mount.options)},
          {"super_options", Texts(mount.super_options)},
          {"propagation", ToUtf8(mount.propagation)}};
}

SectionJson Mounts(const Target& target, const MountTable& table, ReadNotes* notes) {
  const Caution caution = CautionFor(target, table);
  SectionJson rows = SectionJson::array();
  bool late = false;
  for (const Mount& mount : table.mounts) {
    if (rows.size() >= kMaxRows) break;
    SectionJson row = Row(mount);
    late = late || DeadlinePassed(target);
    if (!late) AddSizes(target, mount, caution, &row);
    if (!late) AddPidNamespace(target, mount, &row);
    rows.push_back(std::move(row));
  }
  if (late) notes->Error("mnt", "out of time: not all sizes were asked for");
  return rows;
}

SectionJson LowerFolders(const Mount& root) {
  SectionJson out = SectionJson::array();
  const std::string lower = OptionValue(root.super_options, "lowerdir");
  for (size_t begin = 0; begin < lower.size();) {
    const size_t end = std::min(lower.find(':', begin), lower.size());
    if (end > begin) out.push_back(ToUtf8(lower.substr(begin, end - begin)));
    begin = end + 1;
  }
  // Each layer an option of its own, as newer mount calls write it.
  for (const std::string& option : root.super_options) {
    if (option.starts_with("lowerdir+=")) out.push_back(ToUtf8(option.substr(10)));
  }
  return out;
}

SectionJson OverlayOfRoot(const MountTable& table) {
  const Mount* root = MountAt(table, "/");
  if (root == nullptr || root->fstype != "overlay") return nullptr;
  return {{"lowerdir", LowerFolders(*root)},
          {"upperdir", ToUtf8(OptionValue(root->super_options, "upperdir"))},
          {"workdir", ToUtf8(OptionValue(root->super_options, "workdir"))}};
}

}  // namespace

void ReadMnt(const Target& target, SectionJson* out, ReadNotes* notes) {
  SetIfKnown(out, "inode", NamespaceInode(target, target.pid, NamespaceKind::kMnt));
  const auto text = ReadLines(ProcPath(target, target.pid, "mountinfo"), kMountinfoBytes);
  MountTable table;
  if (text.ok()) {
    table = ParseMountinfo(text->text, kMaxMounts);
    if (table.mounts.size() > kMaxRows || table.truncated || text->truncated)
      notes->Truncated("/mnt/mounts");
    if (table.malformed > 0) notes->Error("mnt", "malformed lines in mountinfo");
    (*out)["mounts"] = Mounts(target, table, notes);
    (*out)["overlay"] = OverlayOfRoot(table);
    if (target.request->copied_up && (*out)["overlay"].is_object()) {
      SectionJson files = CopiedUp(target, (*out)["overlay"]["upperdir"], notes);
      if (files.is_array()) (*out)["overlay"]["copied_up"] = std::move(files);
    }
  } else {
    notes->Error("mnt", std::string(text.status().message()));
  }
  if (!target.request->bundle_config.empty()) (*out)["spec_mounts"] = SpecMounts(target, notes);
  const std::string& path = target.request->path;
  if (path.starts_with('/') && target.root_fd >= 0 && text.ok()) {
    (*out)["path"] = PathView(target, table, notes);
    if (!target.request->mates.empty() && (*out)["path"].value("exists", true) == false) {
      (*out)["path"]["exists_in"] = ExistsIn(target, notes);
    }
  } else if (!path.empty()) {
    notes->Error("mnt", "the path is not looked at: only absolute ones, below a known root, are");
  }
}

}  // namespace nsobs
