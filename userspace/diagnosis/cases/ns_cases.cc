// Isolation and audit: who came in, what is shared, what stays.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

std::string Kinds(const Node& kinds) {
  std::vector<std::string> names;
  for (const Node& kind : kinds.items()) names.push_back(OneLine(kind.text()));
  return absl::StrJoin(names, ", ");
}

std::string User(const Node& process) {
  const std::optional<int64_t> uid = process["uid"].number(), login = process["login_uid"].number();
  std::string out;
  if (uid) absl::StrAppend(&out, ", uid ", *uid);
  if (login) absl::StrAppend(&out, ", login uid ", *login);
  return out;
}

// Bare namespaces share the rest with the host by design.
bool IsContainer(const Record& record) {
  const std::string runtime = record.runtime();
  return record.container().exists() && !runtime.empty() && runtime != "netns" &&
         runtime != "unshare" && runtime != "host";
}

}  // namespace

MaybeFinding NsEntry(const Record& record) {
  const Node facts = record.facts();
  const Node change = record.LastEvent("namespace_change");
  const Node party = facts["entrant"];
  const Node process = party["process"].exists() ? party["process"] : change["process"];
  if (!process.exists() && !facts.is_object()) return std::nullopt;
  const Node from = party["container"].exists() ? party["container"] : change["entered_from"];
  const std::string kinds = Kinds(facts["kinds"]);
  const std::string args = OneLine(process["exe_args"].text());
  const std::optional<int64_t> duration = facts["duration_ns"].number();
  const std::string of = facts["by"].text().starts_with("engine") ? " by its engine's exec" : "";
  return Draft(record, "ns-entry", Confidence::kCertain)
      .Summary(absl::StrCat(NamedProcess(process), " of ", NamedContainer(from), User(process),
                            (User(process).empty() ? " entered " : ", entered "),
                            kinds.empty() ? "namespaces" : kinds, " of ", record.Who(), of,
                            duration ? absl::StrCat(" for ", Seconds(*duration)) : "",
                            args.empty() ? "" : absl::StrCat(": ", args)))
      .Because("who came in", process)
      .Because("into which namespaces", facts["kinds"])
      .Because("the change of namespaces", change["namespace_change"])
      .Because("its ancestors", facts["lineage"])
      .Because("how long", facts["duration_ns"])
      .Fix(
          "an audit record: nothing to do if this was meant; else take CAP_SYS_ADMIN and access to "
          "/proc/PID/ns from who did it")
      .Check(absl::StrCat("nsobserver events --container ", record.Target(),
                          " --kind namespace_change"))
      .Done();
}

MaybeFinding NsSharing(const Record& record) {
  if (!IsContainer(record)) return std::nullopt;
  Draft draft(record, "ns-sharing", Confidence::kCertain);
  std::vector<std::string> kinds, options;
  for (const char* kind : {"net", "pid", "ipc"}) {
    if (!record.SharesHost(kind)) continue;
    kinds.push_back(kind);
    options.push_back(absl::StrCat("--", kind, "=host"));
    draft.Because(absl::StrCat("its ", kind, " namespace"), record["target"]["namespaces"][kind]);
    draft.Because(absl::StrCat("the host's ", kind, " namespace"),
                  record["world"]["host_namespaces"][kind]);
  }
  if (kinds.empty()) return std::nullopt;
  return draft
      .Summary(absl::StrCat(record.Who(), " has no ", absl::StrJoin(kinds, ", "),
                            " namespace of its own: it shares the host's"))
      .Fix(absl::StrCat("leave out ", absl::StrJoin(options, " "),
                        " (hostNetwork, hostPID, hostIPC) if that is not meant"))
      .Check(absl::StrCat("nsobserver compare ", record.Target(), " host"))
      .Done();
}

MaybeFinding NsLeak(const Record& record) {
  const Node facts = record.facts();
  const std::string kind = OneLine(facts["kind"].text());
  if (kind.empty()) return std::nullopt;
  const std::string ns = absl::StrCat(kind, ":[", facts["inode"].number_or(0), "]");
  const std::vector<Node> holders = facts["holders"].items();
  const int64_t processes = facts["process_count"].number_or(0);
  Node proof = facts["bind_mounted"];
  std::string by = "an open file or a socket";
  Confidence confidence = Confidence::kLikely;
  if (!holders.empty()) {
    proof = holders[0];
    by = NamedProcess(proof["process"].exists() ? proof["process"] : proof);
    if (processes > 1) absl::StrAppend(&by, " and ", processes - 1, " more");
    confidence = Confidence::kCertain;
  } else if (processes > 0) {
    proof = facts["process_count"];
    by = processes == 1 ? "a process" : absl::StrCat(processes, " processes");
    confidence = Confidence::kCertain;
  } else if (proof.is_true()) {
    if (facts["mount_point"].exists()) proof = facts["mount_point"];
    by = proof.text().empty() ? "a bind mount"
                              : absl::StrCat("a bind mount at ", OneLine(proof.text()));
    confidence = Confidence::kCertain;
  }
  const int64_t age = facts["age_ns"].number_or(0);
  return Draft(record, "ns-leak", confidence)
      .Summary(absl::StrCat("the namespace ", ns, " of ", record.Who(), " outlives it",
                            age > 0 ? absl::StrCat(" by ", Seconds(age)) : "", ", held by ", by))
      .Because("the namespace", facts["inode"])
      .Because("what holds it", proof)
      .Fix(facts["bind_mounted"].is_true() && holders.empty()
               ? absl::StrCat("umount ",
                              proof.text().empty() ? "the file that it is mounted on"
                                                   : ShellWord(proof.text()),
                              " (ip netns delete, if it is one of /run/netns)")
               : "end the process or close the file that holds it")
      .Check(absl::StrCat("nsobserver namespaces; lsns -t ", ShellWord(kind),
                          "; grep nsfs /proc/*/mountinfo"))
      .Done();
}

MaybeFinding NsToolView(const Record& record) {
  const Node own = record["target"]["namespaces"], host = record["world"]["host_namespaces"];
  const std::optional<int64_t> pid = own["pid"].number();
  if (!pid || !host["pid"].number() || record.SharesHost("pid")) return std::nullopt;
  Node proc;
  for (const Node& mount : record["mnt"]["mounts"].items()) {
    if (mount["mount_point"].Is("/proc")) proc = mount;
  }
  const Node of = proc["pid_namespace"];
  const bool other = of.number() && of.number() != pid;
  if (!other && !record.SharesHost("mnt")) return std::nullopt;
  return Draft(record, "ns-tool-view", Confidence::kCertain)
      .Summary(
          absl::StrCat(record.Who(), " has pid namespace ", *pid, ", but its /proc is of ",
                       other ? absl::StrCat("pid namespace ", *of.number()) : "the host's mounts",
                       ": ps and top show the processes of another pid namespace"))
      .Because("its pid namespace", own["pid"])
      .Because("its mnt namespace", own["mnt"])
      .Because("the host's mnt namespace", other ? Node() : host["mnt"])
      .Because("the mount of /proc", proc)
      .Fix(
          "mount a /proc of its own (unshare --mount-proc, mount -t proc proc /proc in a mount "
          "namespace of its own)")
      .Check(absl::StrCat("nsobserver compare ", record.Target(), " host"))
      .Done();
}

}  // namespace nsobs
