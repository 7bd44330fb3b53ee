// A file that is not there: an empty volume, no volume at all, or a mount that did not come along.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/file_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

std::optional<Failure> Missing(const Record& record) {
  std::optional<Failure> f = FileFailure(record);
  if (!f || f->error != "ENOENT" || f->path[0] != '/') return std::nullopt;
  // There by now: it came later.
  if (PathNode(record, f->path)["exists"].is_true()) return std::nullopt;
  return f;
}

Draft BeginMissing(const Record& record, const Failure& f, std::string_view id,
                   Confidence confidence) {
  Draft draft(record, id, confidence);
  draft.Because("how the call ended", f.node);
  draft.Because("the path as the process sees it", PathNode(record, f.path));
  draft.Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns mnt"));
  return draft;
}

// Who of the pod has the file: on a volume, or made since it began. What merely stands in another
// image is nobody's loss.
Node MateThatHasIt(const Record& record, const Failure& f) {
  for (const Node& mate : PathNode(record, f.path)["exists_in"].items()) {
    const std::string point = mate["mount_point"].text();
    if (mate["made_since_start"].is_true() || (!point.empty() && point != "/")) return mate;
  }
  return Node();
}

// Volumes that engines make and keep themselves: they are empty at first, as they should be.
bool IsOfEngine(const std::string& source) {
  return source.ends_with("/_data") || absl::StrContains(source, "/kubernetes.io~");
}

bool WantsPropagation(const Node& spec_mount) {
  for (const char* option : {"rslave", "slave", "rshared", "shared"}) {
    if (spec_mount["options"].Has(option)) return true;
  }
  return false;
}

}  // namespace

MaybeFinding MntEmptyVolume(const Record& record) {
  const std::optional<Failure> f = Missing(record);
  if (!f) return std::nullopt;
  const Node spec = SpecMountOf(record, f->path);
  const std::string source = OneLine(spec["source"].text());
  if (!source.starts_with('/') || IsOfEngine(source)) return std::nullopt;
  const bool gone = spec["source_exists"].is_false();
  if (!gone && !spec["source_is_empty"].is_true()) return std::nullopt;
  const std::string changed = OneLine(spec["source_changed"].text());
  return BeginMissing(record, *f, "mnt-empty-volume",
                      gone ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(
          record.Who(), " does not find ", OneLine(f->path), ": the volume at ",
          OneLine(spec["destination"].text()), " is ", source, " of the host, ",
          gone ? "which does not exist"
               : absl::StrCat("an empty directory",
                              changed.empty() ? "" : absl::StrCat(" made at ", changed))))
      .Because("the mount in the runtime's configuration", spec)
      .Fix(
          "name the right path of the host (engines make a missing one as an empty directory; "
          "--mount type=bind refuses instead)")
      .Done();
}

MaybeFinding MntMissing(const Record& record) {
  const std::optional<Failure> f = Missing(record);
  if (!f || MntEmptyVolume(record) || MntPropagation(record)) return std::nullopt;
  const Node mate = MateThatHasIt(record, *f);
  // A volume is there: then the file is missing from the volume, not from the namespace.
  const Node mount = MountOf(record, f->path);
  if (!mount["mount_point"].Is("/") || !mate.exists()) return std::nullopt;
  const std::string point = OneLine(mate["mount_point"].text());
  return BeginMissing(record, *f, "mnt-missing", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " does not find ", OneLine(f->path), ": it is in ",
                            OneLine(mate["owner"].text()), " of its pod, ",
                            point.empty() || point == "/"
                                ? "among the files of that container alone"
                                : absl::StrCat("on the volume mounted there at ", point),
                            ", and no volume that both share is mounted here"))
      .Because("where it exists", mate)
      .Because("the mount that would hold it is the image's root", mount["mount_point"])
      .Because("its mnt namespace", record["target"]["namespaces"]["mnt"])
      .Fix("a shared volume (emptyDir) mounted in both containers")
      .Done();
}

namespace {

bool HasMountAt(const Record& record, const std::string& point) {
  for (const Node& mount : record["mnt"]["mounts"].items()) {
    if (mount["mount_point"].Is(point)) return true;
  }
  return false;
}

// Mounted on the host below the source of a volume, and not in the container: it came after the
// container's start and was not propagated. With a failure only what would hold its path.
struct LateMount {
  Node host_mount, spec;
  std::string inside;  // where it would be
};
std::optional<LateMount> FindLateMount(const Record& record, const std::optional<Failure>& f) {
  if (!record.IsWhole(record["mnt"]["mounts"])) return std::nullopt;
  for (const Node& spec : record["mnt"]["spec_mounts"].items()) {
    const std::string source = spec["source"].text(), destination = spec["destination"].text();
    for (const Node& mount : spec["host_mounts"].items()) {
      const std::string point = mount["mount_point"].text();
      if (source.size() < 2 || !IsBelow(point, source)) continue;
      std::string inside = absl::StrCat(destination, point.substr(source.size()));
      if ((f && !IsBelow(f->path, inside)) || HasMountAt(record, inside)) continue;
      return LateMount{mount, spec, std::move(inside)};
    }
  }
  return std::nullopt;
}

MaybeFinding NotPropagated(const Record& record, const std::optional<Failure>& f) {
  const std::optional<LateMount> late = FindLateMount(record, f);
  if (!late) return std::nullopt;
  const std::string point = OneLine(late->host_mount["mount_point"].text());
  const Node mount = MountOf(record, late->spec["destination"].text());
  Draft draft(record, "mnt-propagation", f ? Confidence::kCertain : Confidence::kLikely);
  draft.Summary(absl::StrCat(
      record.Who(), f ? absl::StrCat(" does not find ", OneLine(f->path)) : " lacks a mount", ": ",
      point, " is mounted on the host below its volume, but not inside at ", OneLine(late->inside),
      ", for the volume's propagation is ",
      mount["propagation"].exists() ? OneLine(mount["propagation"].text()) : "not known"));
  if (f) draft.Because("how the call ended", f->node);
  draft.Because("what is mounted on the host", late->host_mount);
  draft.Because("the volume in the runtime's configuration", late->spec["options"]);
  draft.Because("the propagation that it has", mount["propagation"]);
  draft.Because("that of the host's mount which holds the source",
                late->spec["source_propagation"]);
  draft.Fix(
      "ask for propagation of that volume (-v SOURCE:PATH:rslave, mountPropagation: "
      "HostToContainer) and make the host's mount that holds the source shared (mount "
      "--make-rshared); or mount first and start the container after");
  draft.Check(
      absl::StrCat("findmnt -o TARGET,PROPAGATION -T ", ShellWord(late->spec["source"].text())));
  return draft.Done();
}

// The configuration asks for propagation, which the mount has not got.
MaybeFinding NotAsAsked(const Record& record, const std::optional<Failure>& f) {
  for (const Node& spec : record["mnt"]["spec_mounts"].items()) {
    const std::string destination = spec["destination"].text();
    if (!WantsPropagation(spec) || (f && !IsBelow(f->path, destination))) continue;
    for (const Node& mount : record["mnt"]["mounts"].items()) {
      if (!mount["mount_point"].Is(destination) || !mount["propagation"].Is("private")) continue;
      Draft draft(record, "mnt-propagation", f ? Confidence::kLikely : Confidence::kCertain);
      draft.Summary(
          absl::StrCat(record.Who(), ": the mount at ", OneLine(destination),
                       " is private although its "
                       "configuration asks for propagation, so what the host mounts below ",
                       OneLine(spec["source"].text()), " later does not appear inside"));
      if (f) draft.Because("how the call ended", f->node);
      draft.Because("what the configuration asks for", spec);
      draft.Because("the propagation that it has", mount["propagation"]);
      draft.Fix(
          "make the host's mount that holds the source shared (mount --make-rshared), then "
          "recreate the container");
      draft.Check(
          absl::StrCat("findmnt -o TARGET,PROPAGATION -T ", ShellWord(spec["source"].text())));
      return draft.Done();
    }
  }
  return std::nullopt;
}

}  // namespace

MaybeFinding MntPropagation(const Record& record) {
  std::optional<Failure> f;
  if (!record.by_hand()) {
    f = Missing(record);
    if (!f) return std::nullopt;
  }
  if (MaybeFinding finding = NotPropagated(record, f)) return finding;
  return NotAsAsked(record, f);
}

}  // namespace nsobs
