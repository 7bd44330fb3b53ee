// Room: full filesystems, and whole files copied up.
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/file_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

constexpr int64_t kLargeFile = 64LL << 20;

// What is full of this mount: "" nothing.
std::string FullText(const Node& mount, int64_t percent_free) {
  const std::optional<int64_t> total = mount["total_bytes"].number();
  const std::optional<int64_t> free = mount["free_bytes"].number();
  if (mount["inodes_free"].number() == 0 && total && *total > 0) return "has no inode free";
  if (!total || !free || *total <= 0 || *free < 0) return "";
  if (*free / 1024 > *total / 1024 * percent_free / 100) return "";
  return absl::StrCat("has ", Bytes(*free), " of ", Bytes(*total), " free");
}

Draft Full(const Record& record, const Node& mount, Confidence confidence) {
  Draft draft(record, "mnt-full", confidence);
  draft.Because("room of the mount, as seen inside", mount);
  const bool tmpfs = mount["fstype"].Is("tmpfs");
  draft.Fix(tmpfs
                ? "a larger size limit (--tmpfs PATH:size=.., --shm-size, emptyDir sizeLimit), or "
                  "write less there"
                : "make room, or raise the size or quota of that volume");
  draft.Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns mnt"));
  return draft;
}

std::string MountText(const Node& mount) {
  return absl::StrCat("the ", OneLine(mount["fstype"].text()), " at ",
                      OneLine(mount["mount_point"].text()));
}

// Filesystems that are full by their nature.
bool IsImage(const Node& mount) {
  static constexpr std::string_view kImages[] = {"squashfs", "iso9660", "erofs", "cramfs", "udf"};
  for (std::string_view type : kImages) {
    if (mount["fstype"].Is(type)) return true;
  }
  return mount["super_options"].Has("ro") || mount["options"].Has("ro");
}

// Of a write only the file's name is known: it can only be the one writable mount that is full.
Node OnlyFull(const Record& record, int64_t percent_free) {
  Node found;
  for (const Node& mount : record["mnt"]["mounts"].items()) {
    if (IsImage(mount) || FullText(mount, percent_free).empty()) continue;
    if (found.exists()) return Node();
    found = mount;
  }
  return found;
}

}  // namespace

MaybeFinding MntFull(const Record& record) {
  const std::optional<Failure> f = FileFailure(record);
  if (!f || (f->error != "ENOSPC" && f->error != "EDQUOT")) return std::nullopt;
  const bool whole_path = f->path.starts_with('/');
  const Node mount = whole_path ? MountOf(record, f->path) : OnlyFull(record, 2);
  const std::string full = FullText(mount, 2);
  if (full.empty() && f->error != "EDQUOT") return std::nullopt;
  const bool sure = whole_path && !full.empty();
  return Full(record, mount, sure ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), " cannot write ", OneLine(f->path), " (", f->error,
                            "): ", mount.exists() ? MountText(mount) : "its filesystem", " ",
                            full.empty() ? "has reached its quota" : full))
      .Because("how the call ended", f->node)
      .Done();
}

MaybeFinding MntFullNow(const Record& record) {
  for (const Node& mount : record["mnt"]["mounts"].items()) {
    const std::string full = FullText(mount, 1);
    if (full.empty() || IsImage(mount)) continue;
    return Full(record, mount, Confidence::kCertain)
        .Summary(absl::StrCat(record.Who(), ": ", MountText(mount), " ", full))
        .Done();
  }
  return std::nullopt;
}

namespace {

// The largest that overlayfs marks as copied, if it is large.
Node LargestCopy(const Record& record) {
  Node largest;
  for (const Node& file : record["mnt"]["overlay"]["copied_up"].items()) {
    if (file["size_bytes"].number_or(0) < kLargeFile) continue;
    if (file["size_bytes"].number_or(0) <= largest["size_bytes"].number_or(0)) continue;
    largest = file;
  }
  return largest;
}

}  // namespace

MaybeFinding MntCopyUpNow(const Record& record) {
  const Node file = LargestCopy(record);
  const std::string path = file["path"].text();
  if (path.empty()) return std::nullopt;
  const Node upper = record["mnt"]["overlay"]["upperdir"];
  const std::string folder = OneLine(path.substr(0, path.rfind('/')));
  return Draft(record, "mnt-copy-up", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " has changed ", OneLine(path), ", a file of ",
                            Bytes(file["size_bytes"].number_or(0)),
                            " of its image: overlay has copied all of it to ",
                            OneLine(upper.text()), ", and does so anew in each new container"))
      .Because("the copy", file)
      .Because("all that was copied up", record["mnt"]["overlay"]["copied_up"])
      .Because("where the copies lie", upper)
      .Because("what was read and written so far", record["cgroup"]["io"])
      .Fix(absl::StrCat("a volume for ", folder.empty() ? path : folder,
                        ", or leave that file out of the image"))
      .Check(absl::StrCat("du -sh ", ShellWord(upper.text())))
      .Done();
}

MaybeFinding MntCopyUp(const Record& record) {
  const Node asked = record.facts()["path"];
  const Node path = asked.exists() ? PathNode(record, asked.text()) : record["mnt"]["path"];
  const std::string name = asked.exists() ? asked.text() : path["path"].text();
  const int64_t size =
      (path["size_bytes"].exists() ? path : record.facts())["size_bytes"].number_or(0);
  const Node upper = record["mnt"]["overlay"]["upperdir"];
  const Node mount = MountOf(record, name);
  if (size < kLargeFile || !upper.exists() || !mount["fstype"].Is("overlay")) return std::nullopt;
  return Draft(record, "mnt-copy-up", Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), " changes ", OneLine(name), ", a file of ", Bytes(size),
                            " of its image: overlay copies all of it to ", OneLine(upper.text()),
                            " first"))
      .Because("the file", path)
      .Because("the mount that holds it", mount)
      .Because("where the copy goes", upper)
      .Fix(absl::StrCat("a volume for ", OneLine(name.substr(0, name.rfind('/'))), "/"))
      .Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns mnt"))
      .Done();
}

}  // namespace nsobs
