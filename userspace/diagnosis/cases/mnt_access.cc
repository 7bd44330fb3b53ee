// A file that is there and can't be had: read-only, owner and mode, label.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/file_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

Draft BeginDenied(const Record& record, const Failure& f, std::string_view id,
                  Confidence confidence) {
  Draft draft(record, id, confidence);
  draft.Because("how the call ended", f.node);
  draft.Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns mnt,user"));
  return draft;
}

std::string Denied(const Record& record, const Failure& f) {
  const std::string operation = OneLine(OperationOf(f));
  return absl::StrCat(record.Who(), " may not ", operation.empty() ? "use" : operation, " ",
                      OneLine(f.path));
}

std::optional<Failure> Refused(const Record& record) {
  std::optional<Failure> f = FileFailure(record);
  if (!f || (f->error != "EACCES" && f->error != "EPERM")) return std::nullopt;
  return f;
}

// To make, remove or rename a file takes the right to write into its folder.
bool NeedsFolder(const Record& record, const Failure& f) {
  constexpr int64_t kCreate = 0100;  // O_CREAT
  const std::string operation = OperationOf(f);
  if (operation == "mkdir" || operation == "unlink" || operation == "rename") return true;
  if (operation != "open" || !PathNode(record, f.path)["exists"].is_false()) return false;
  return (f.node["flags"].number_or(0) & kCreate) != 0;
}

bool Confines(const std::string& label) {
  return !label.empty() && !label.starts_with("unconfined") &&
         label.find(":unconfined_t") == std::string::npos &&
         label.find("(complain)") == std::string::npos;
}

std::string Relabel(const Record& record, const std::string& label) {
  const bool selinux = std::count(label.begin(), label.end(), ':') >= 2;
  if (!selinux)
    return "allow the path in the AppArmor profile, or give the container another profile";
  return record.container()["pod"].exists()
             ? "seLinuxOptions of the pod, or a volume that the engine relabels"
             : "mount the volume with :z (shared) or :Z (private), so that it is relabelled";
}

}  // namespace

MaybeFinding MntReadOnly(const Record& record) {
  const std::optional<Failure> f = FileFailure(record);
  if (!f || f->error != "EROFS") return std::nullopt;
  const Node mount = MountOf(record, f->path);
  const bool by_mount = mount["options"].Has("ro");
  const bool by_filesystem = mount["super_options"].Has("ro");
  const Node read_only = PathNode(record, f->path)["read_only"];
  if (!by_mount && !by_filesystem && !read_only.is_true()) return std::nullopt;
  const std::string point =
      OneLine((mount.exists() ? mount : PathNode(record, f->path))["mount_point"].text());
  const std::string what = point == "/" ? "its root filesystem is read-only"
                           : by_mount || point.empty()
                               ? absl::StrCat("the mount ", point, " that holds it is read-only")
                               : absl::StrCat("the filesystem mounted at ", point, " is read-only");
  return BeginDenied(record, *f, "mnt-read-only", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " cannot write ", OneLine(f->path), " (EROFS): ", what))
      .Because("options of the mount", mount[by_mount ? "options" : "super_options"])
      .Because("the path's mount is read-only", read_only)
      .Fix(point == "/"
               ? "a writable volume or a tmpfs (--tmpfs, emptyDir) for that folder"
               : "mount that volume read-write (drop :ro, readOnly: false), or write elsewhere")
      .Done();
}

MaybeFinding MntPermission(const Record& record) {
  const std::optional<Failure> f = Refused(record);
  if (!f || f->error != "EACCES") return std::nullopt;
  const bool folder = NeedsFolder(record, *f);
  const Node path = folder ? PathNode(record, f->path)["parent"] : PathNode(record, f->path);
  const std::optional<Access> access = AccessOf(record, path, folder ? 2 : WantedBits(*f));
  if (!access || access->allowed) return std::nullopt;
  const Node map = record["user"]["uid_map"];
  const bool foreign = record["user"]["root_is_root"].is_false();
  return BeginDenied(record, *f, "mnt-permission",
                     access->certain ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(Denied(record, *f), " (EACCES): ", folder ? "of its folder, " : "",
                            access->text))
      .Because(folder ? "owner and mode of its folder, as the host counts uids"
                      : "owner and mode of the file, as the host counts uids",
               path)
      .Because("who asks", record.process()["uid"])
      .Because("the user namespace's map", map)
      .Fix(foreign ? "give the files to the uid of the map (podman unshare chown, :U) or use an "
                     "idmapped mount"
                   : "change owner or mode of the file, or run as the user that owns it")
      .Done();
}

MaybeFinding MntLsm(const Record& record) {
  const std::optional<Failure> f = Refused(record);
  if (!f) return std::nullopt;
  const Node detail = record["pid"][record["pid"]["process"].exists() ? "process" : "init"];
  const std::string label = detail["lsm_label"].text();
  const bool folder = NeedsFolder(record, *f);
  const Node path = folder ? PathNode(record, f->path)["parent"] : PathNode(record, f->path);
  const std::optional<Access> access = AccessOf(record, path, folder ? 2 : WantedBits(*f));
  if (!Confines(label) || !access || !access->allowed) return std::nullopt;
  const Node file_label = path["lsm_label"];
  return BeginDenied(record, *f, "mnt-lsm", Confidence::kLikely)
      .Summary(absl::StrCat(
          Denied(record, *f), " (", f->error,
          ") although owner and mode allow it: ", "the process is confined as ", OneLine(label),
          file_label.exists()
              ? absl::StrCat(" and the file is labelled ", OneLine(file_label.text()))
              : ""))
      .Because("label of the process", detail["lsm_label"])
      .Because("owner and mode of the file", path)
      .Fix(Relabel(record, label))
      .Check("journalctl -k --grep 'avc:|apparmor=.DENIED'")
      .Done();
}

}  // namespace nsobs
