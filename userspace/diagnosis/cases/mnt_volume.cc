// A file that is not there: an empty volume, no volume at all, or a mount that did not come along.
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

Draft Begin(const Record& record, const Failure& f, std::string_view id, Confidence confidence) {
  Draft draft(record, id, confidence);
  draft.Because("how the call ended", f.node);
  draft.Because("the path as the process sees it", PathNode(record, f.path));
  draft.Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns mnt"));
  return draft;
}

// The pod's other container with a mnt namespace of its own.
Node PodMate(const Record& record) {
  const Node own = record.container();
  if (!own["pod"].exists()) return Node();
  for (const Node& other : record["world"]["containers"].items()) {
    if (!other["pod"].Is(own["pod"].text()) || other["id"].Is(own["id"].text())) continue;
    if (other["pod_namespace"].text() != own["pod_namespace"].text()) continue;
    if (other["namespaces"]["mnt"].number() != record["target"]["namespaces"]["mnt"].number()) {
      return other;
    }
  }
  return Node();
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
  if (!source.starts_with('/')) return std::nullopt;
  const bool gone = spec["source_exists"].is_false();
  if (!gone && !spec["source_is_empty"].is_true()) return std::nullopt;
  const std::string changed = OneLine(spec["source_changed"].text());
  return Begin(record, *f, "mnt-empty-volume", gone ? Confidence::kCertain : Confidence::kLikely)
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
  const Node exists_in = record.facts()["exists_in"];
  const Node mate = PodMate(record);
  // A volume is there: then the file is missing from the volume, not from the namespace.
  const Node mount = MountOf(record, f->path);
  if (!mount["mount_point"].Is("/") || (!exists_in.exists() && !mate.exists())) return std::nullopt;
  const bool sure = exists_in.exists();
  const std::string other =
      sure ? exists_in.is_object() ? NamedContainer(exists_in) : OneLine(exists_in.text())
           : NamedContainer(mate);
  return Begin(record, *f, "mnt-missing", sure ? Confidence::kCertain : Confidence::kLikely)
      .Summary(
          absl::StrCat(record.Who(), " does not find ", OneLine(f->path), ": ",
                       sure ? absl::StrCat("it exists in ", other, " only, and")
                            : absl::StrCat("its files are its own, not those of ", other, ", and"),
                       " no volume that both share is mounted there"))
      .Because("where it exists", exists_in)
      .Because("the other container of the pod, with another mnt namespace", mate)
      .Because("the mount that would hold it is the image's root", mount["mount_point"])
      .Fix("a shared volume (emptyDir) mounted in both containers")
      .Done();
}

MaybeFinding MntPropagation(const Record& record) {
  std::optional<Failure> f;
  if (!record.by_hand()) {
    f = Missing(record);
    if (!f) return std::nullopt;
  }
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

}  // namespace nsobs
