// Nothing explains it: what was seen, under the id of its family, and what it is not.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/end_facts.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

struct Row {
  std::string_view key, case_id;
};

template <size_t n>
std::string_view Find(const Row (&rows)[n], std::string_view key, std::string_view otherwise) {
  for (const Row& row : rows) {
    if (row.key == key) return row.case_id;
  }
  return otherwise;
}

std::string_view FamilyOfConnect(const Failure& f) {
  static constexpr Row kRows[] = {
      {"ENETUNREACH", "net-no-route"},    {"ECONNREFUSED", "net-local-only"},
      {"EPERM", "net-policy-drop"},       {"EACCES", "net-policy-drop"},
      {"EADDRNOTAVAIL", "net-ephemeral"}, {"ENETDOWN", "net-link-down"}};
  if (f.is_unix()) return "net-unix";
  if (f.port == kDnsPort) return "net-dns";
  if (IsLoopback(f.destination)) return "net-loopback";
  return Find(kRows, f.error, "net-peer-silent");
}

std::string_view FamilyOfFile(const Failure& f) {
  static constexpr Row kRows[] = {{"ENOENT", "mnt-missing"}, {"EROFS", "mnt-read-only"},
                                  {"ENOSPC", "mnt-full"},    {"EDQUOT", "mnt-full"},
                                  {"EPERM", "cap-missing"},  {"EACCES", "mnt-permission"}};
  return Find(kRows, f.error, "mnt-missing");
}

std::string_view FamilyOf(const Record& record, const std::optional<Failure>& f) {
  static constexpr Row kRows[] = {{"term_ignored", "pid-term-ignored"},
                                  {"crash", "pid-crash"},
                                  {"oom_kill", "oom-container"},
                                  {"sigkill_by_other", "pid-who-killed"},
                                  {"zombies", "pid-zombies"},
                                  {"pressure", "pressure"},
                                  {"namespace_entry", "ns-entry"},
                                  {"namespace_leak", "ns-leak"},
                                  {"bind_failure", "net-port-clash"},
                                  {"packet_drop", "net-policy-drop"},
                                  {"dns_failure", "net-dns"},
                                  {"stuck", "pid-stuck"},
                                  {"copy_up", "mnt-copy-up"}};
  const std::string rule = record.rule();
  if (rule == "connect_failure" && f) return FamilyOfConnect(*f);
  if (rule == "file_failure" && f) return FamilyOfFile(*f);
  if (rule == "container_end") {
    return EndOf(record)->killed() ? "pid-who-killed" : "pid-init-exit";
  }
  return Find(kRows, rule, "");
}

std::string EndText(const End& end) {
  if (end.signal.empty()) return absl::StrCat("ended by itself with exit code ", end.exit_code);
  return absl::StrCat("ended by ", end.signal,
                      end.sender.exists() ? absl::StrCat(" from ", NamedSender(end.sender))
                                          : ", and who sent it was not seen");
}

std::string What(const Record& record, const std::optional<Failure>& f) {
  if (const std::optional<End> end = EndOf(record)) {
    return absl::StrCat(record.Who(), " ", EndText(*end));
  }
  if (!f) return OneLine(record.trigger()["summary"].text());
  const std::string error = OneLine(f->error);
  if (!f->path.empty())
    return absl::StrCat(record.Who(), " got ", error, " for ", OneLine(f->path));
  return absl::StrCat(record.Who(), " got ", error.empty() ? "no answer" : error, " from ",
                      OneLine(f->protocol), " ", f->Destination());
}

// A refusal whose address the record knows: nobody listens there, or somebody does by now.
void AddListener(const Record& record, const Failure& f, std::string* what, Draft* draft) {
  if (f.error != "ECONNREFUSED" || f.is_unix()) return;
  Node where;
  const std::optional<NetView> owner =
      IsLoopback(f.destination) ? record.own_net() : OwnerOfAddress(record, f.destination, &where);
  if (!owner || !record.IsWhole(owner->node["listeners"])) return;
  draft->Because(absl::StrCat("the address belongs to ", owner->owner), where);
  const PortState state = StateOf(record, *owner, f.protocol, f.destination, f.port);
  if (state.takes) {
    absl::StrAppend(what, ", where ", ListenerName(*state.takes),
                    " listens by now: it began after the attempt, or its queue was full");
    draft->Because("who listens there by now", state.takes->node);
  } else if (!state.loopback) {
    absl::StrAppend(what, ": nothing listens on ", f.protocol, " port ", f.port, " in ",
                    owner->owner);
    draft->Because("its listeners, none on that port", owner->node["listeners"]);
  }
}

// A file that was missing, and is there when one looks.
void AddPath(const Record& record, const Failure& f, std::string* what, Draft* draft) {
  const Node path = record["mnt"]["path"];
  if (f.error != "ENOENT" || !path["path"].Is(f.path) || !path["exists"].is_true()) return;
  absl::StrAppend(what, ", which is there by now: it was made after the attempt");
  draft->Because("the path by now", path);
}

std::string RuledOut(const std::vector<std::string>& ids, std::string_view family) {
  std::vector<std::string> others;
  for (const std::string& id : ids) {
    if (id != family) others.push_back(id);
  }
  return others.empty() ? "" : absl::StrCat("; ruled out: ", absl::StrJoin(others, ", "));
}

}  // namespace

MaybeFinding Symptom(const Record& record, const std::vector<std::string>& ruled_out) {
  const std::optional<End> end = EndOf(record);
  const std::optional<Failure> f = end ? std::nullopt : record.failure();
  const std::string_view family = FamilyOf(record, f);
  std::string what = What(record, f);
  if (family.empty() || what.empty()) return std::nullopt;
  if (end && end->signal.empty() && end->exit_code == 0) return std::nullopt;
  // It has gone meanwhile, so it was not stuck; and who listens on the other family is served.
  if (record.rule() == "stuck" && record.ProcessEnded()) return std::nullopt;
  if (f && HasOtherFamilyItself(record, *f)) return std::nullopt;
  // Asked to stop, and it did: the code says no more.
  if (end && !end->killed() && (IsStopSignal(end->signal) || StopOf(record))) return std::nullopt;
  Draft draft(record, family, Confidence::kUnknown);
  draft.Because("what was seen", f ? f->node : record.facts());
  if (f) {
    AddListener(record, *f, &what, &draft);
    AddPath(record, *f, &what, &draft);
  }
  for (const Node& error : record["errors"].items()) {
    draft.Because("what could not be looked at", error);
  }
  draft.Summary(absl::StrCat(what, "; the cause is not known", RuledOut(ruled_out, family)));
  draft.Fix(end ? "its own log tells why it ended" : "");
  draft.Check(absl::StrCat("nsobserver events --container ", record.Target(), " --since 10m"));
  return draft.Done();
}

}  // namespace nsobs
