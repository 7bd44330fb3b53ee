#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/file_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

Draft BeginUnix(const Record& record, const Failure& f, Confidence confidence) {
  Draft draft(record, "net-unix", confidence);
  draft.Because("how the connect ended", f.node);
  draft.Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns mnt"));
  return draft;
}

// Names that begin with '@' live in the net namespace, not among the files.
MaybeFinding Abstract(const Record& record, const Failure& f) {
  const Node listeners = record["net"]["listeners"];
  if (f.error != "ECONNREFUSED" || !record.IsWhole(listeners)) return std::nullopt;
  const auto find = [&](const Node& list) {
    for (const Node& l : list.items()) {
      if (l["path"].Is(f.path)) return l;
    }
    return Node();
  };
  if (find(listeners).exists()) return std::nullopt;
  const Node in_host = find(record["host_net"]["listeners"]);
  return BeginUnix(record, f, in_host.exists() ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), " cannot reach the abstract socket ", OneLine(f.path),
                            ": it is not in its net namespace",
                            in_host.exists() ? ", but in the host's" : ""))
      .Because("the listeners of this net namespace", listeners)
      .Because("it is in the host's net namespace", in_host)
      .Fix("use a socket with a path on a shared volume: abstract names belong to a net namespace")
      .Done();
}

MaybeFinding Absent(const Record& record, const Failure& f, const Node& path) {
  if (!path["exists"].is_false()) return std::nullopt;
  const Node mount = MountOf(record, f.path);
  const std::string holder = OneLine(mount["mount_point"].text());
  return BeginUnix(record, f, Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " cannot reach the socket ", OneLine(f.path),
                            ": there is no such file in its mount namespace",
                            holder.empty() || holder == "/"
                                ? ", and no volume is mounted there"
                                : absl::StrCat(" (the mount ", holder, " holds none)")))
      .Because("the path as the process sees it", path)
      .Because("the mount that would hold it", mount)
      .Fix("share the folder of the socket by a volume with who listens there")
      .Done();
}

MaybeFinding Stale(const Record& record, const Failure& f, const Node& path) {
  if (!path["exists"].is_true() || path["listening"].is_true()) return std::nullopt;
  const bool socket = path["type"].Is("socket");
  const bool sure = !socket || path["listening"].is_false();
  return BeginUnix(record, f, sure ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(
          record.Who(), " is refused by the socket ", OneLine(f.path), ": ",
          socket ? "the file is there, but nobody listens (left by a process that "
                   "ended, or the folder was mounted before a restart)"
                 : absl::StrCat("it is a ", OneLine(path["type"].text()), ", no socket")))
      .Because("the path as the process sees it", path)
      .Fix(
          "start who listens there; mount the folder, not the socket's file, so that a new socket "
          "is seen")
      .Done();
}

MaybeFinding Denied(const Record& record, const Failure& f, const Node& path) {
  if (!path["exists"].is_true()) return std::nullopt;
  const std::optional<Access> access = AccessOf(record, path, /*wants=*/2);
  if (!access || access->allowed) return std::nullopt;
  return BeginUnix(record, f, access->certain ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), " may not write to the socket ", OneLine(f.path), ": ",
                            access->text))
      .Because("owner and mode of the socket", path)
      .Because("who asks", record.process())
      .Because("the user namespace's map", record["user"]["uid_map"])
      .Fix("give the socket a group that the process is in, or change its mode or owner")
      .Done();
}

}  // namespace

MaybeFinding NetUnix(const Record& record) {
  const std::optional<Failure> f = record.failure();
  if (!f || !f->is_unix() || f->path.empty()) return std::nullopt;
  if (f->path[0] == '@') return Abstract(record, *f);
  const Node path = PathNode(record, f->path);
  if (f->error == "ENOENT") return Absent(record, *f, path);
  if (f->error == "ECONNREFUSED") return Stale(record, *f, path);
  if (f->error == "EACCES" || f->error == "EPERM") return Denied(record, *f, path);
  return std::nullopt;
}

}  // namespace nsobs
