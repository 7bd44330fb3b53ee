// From the timeline's JSON to what top shows of it.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/sanitize.h"
#include "userspace/main/human_text.h"
#include "userspace/main/process_text.h"
#include "userspace/main/top/top_store.h"

namespace nsobs {
namespace {

constexpr size_t kTextBytes = 1024;   // of any one piece of text; a container chose some of them
constexpr size_t kValueBytes = 300;   // of a piece of evidence
constexpr size_t kMostEvidence = 16;  // of a finding
constexpr size_t kMostForebears = 3;  // of who entered

// Cut before it is made fit for a terminal, so that no escape is cut in the middle.
std::string Clean(std::string_view raw, size_t most = kTextBytes) {
  const bool cut = raw.size() > most;
  return absl::StrCat(ForTerminal(raw.substr(0, most)), cut ? "…" : "");
}

std::string Clean(const Json& object, const char* key) { return Clean(Text(object, key)); }

std::string OwnerOf(const Json& container) {
  if (!container.is_object()) return kTopHost;
  const std::string id = Text(container, "id");
  if (id.empty()) return kTopHost;
  return absl::StrCat(Text(container, "runtime"), ":", id);
}

bool IsContainer(const Json& container) { return OwnerOf(container) != kTopHost; }

std::vector<std::string> KindsEntered(const Json& event, const std::string& kind) {
  std::vector<std::string> kinds;
  const Json& detail = Child(event, kind.c_str());
  if (kind == "entry") {
    const Json& list = Child(detail, "kinds");
    for (size_t i = 0; list.is_array() && i < list.size() && i < kNamespaceKindCount; ++i) {
      if (list[i].is_string()) kinds.push_back(Clean(list[i].get<std::string>()));
    }
    return kinds;
  }
  const Json& changes = Child(detail, "changes");
  for (const NamespaceKind ns : kNamespaceKinds) {
    const std::string name(Name(ns));
    if (!Child(changes, name.c_str()).is_null()) kinds.push_back(name);
  }
  return kinds;
}

// "nsenter[9001]: nsenter -t 4711 -n, uid 0, login uid 1000, by bash < sshd, from host"
std::string WhoEntered(const Json& event, const std::string& kind) {
  const Json& detail = Child(event, kind.c_str());
  const Json& process = Child(event, "process");
  const Json& lineage = Child(detail, "lineage");
  const bool has_lineage = lineage.is_array() && !lineage.empty();
  std::string args = kind == "entry" ? Text(detail, "command") : Text(process, "exe_args");
  if (args.empty() && has_lineage) args = Text(lineage[0], "exe_args");
  std::string who = ProcessText(process);
  if (!args.empty()) absl::StrAppend(&who, ": ", Clean(args, 200));
  if (const auto uid = Number(process, "uid")) absl::StrAppend(&who, ", uid ", *uid);
  if (const auto login = Number(process, "login_uid")) {
    absl::StrAppend(&who, ", login uid ", *login);
  }
  std::vector<std::string> forebears;
  for (size_t i = 1; has_lineage && i < lineage.size() && i <= kMostForebears; ++i) {
    forebears.push_back(Clean(lineage[i], "comm"));
  }
  if (!forebears.empty()) absl::StrAppend(&who, ", by ", absl::StrJoin(forebears, " < "));
  const std::string from = EnteredFrom(event);
  if (!from.empty()) absl::StrAppend(&who, ", from ", from);
  return who;
}

// A use of `nsobserver enter`, or a setns() that worked into somebody's namespaces.
bool IsEntry(const Json& event, const std::string& kind) {
  if (kind == "entry") return true;
  const Json& change = Child(event, "namespace_change");
  return Text(change, "operation") == "setns" && Number(change, "errno").value_or(0) == 0 &&
         IsContainer(Child(change, "target"));
}

TopRole RoleOf(const Json& event, const std::string& kind, EventWeight weight) {
  if (kind == "loss") return TopRole::kUnseen;
  // Where a part of the work was not done, events were seen all the same; what was shed is a loss.
  if (kind == "gap") {
    const std::string part = Text(Child(event, "gap"), "part");
    return part.empty() || part == "all" ? TopRole::kUnseen : TopRole::kOther;
  }
  if (IsEntry(event, kind)) return TopRole::kEntry;
  if (weight == EventWeight::kError) return TopRole::kFailure;
  // A signal that came to nothing.
  if (kind == "signal" && weight == EventWeight::kWarning) return TopRole::kFailure;
  return TopRole::kOther;
}

void FillEntry(const Json& event, const std::string& kind, TopEvent* out) {
  out->who = WhoEntered(event, kind);
  out->kinds = KindsEntered(event, kind);
  const Json& change = Child(event, "namespace_change");
  out->by_engine = Text(change, "by") == "engine";
  const Json& target = Child(change, "target");
  if (IsContainer(target)) {
    out->owner = OwnerOf(target);
    out->label = ContainerLabel(target);
  }
}

std::string ValueText(const Json& value) {
  return Clean(value.dump(-1, ' ', false, Json::error_handler_t::replace), kValueBytes);
}

}  // namespace

std::optional<TopEvent> TopEventOf(const StoredEvent& stored) {
  const Json event = Json::parse(stored.json, nullptr, /*allow_exceptions=*/false);
  if (!event.is_object()) return std::nullopt;
  const std::string kind = Text(event, "kind");
  TopEvent out;
  out.id = stored.id;
  out.wall_ns = ParseRfc3339(Text(event, "time")).value_or(0);
  out.last_wall_ns = ParseRfc3339(Text(event, "last_time")).value_or(out.wall_ns);
  out.count = static_cast<uint64_t>(std::max<int64_t>(1, Number(event, "count").value_or(1)));
  const Json& container = Child(event, "container");
  out.owner = OwnerOf(container);
  out.label = out.owner == kTopHost ? kTopHost : ContainerLabel(container);
  out.weight = WeightOf(event);
  out.role = RoleOf(event, kind, out.weight);
  if (out.role == TopRole::kEntry) {
    // What a runtime does before the first program runs is how a container is made.
    if (Flag(Child(event, "namespace_change"), "before_start")) return std::nullopt;
    FillEntry(event, kind, &out);
  }
  // The host makes namespaces and ends processes all day.
  if (out.owner == kTopHost && out.role == TopRole::kOther) return std::nullopt;
  out.ns = Clean(TellingNamespace(event));
  const SummaryOptions options{absl::UTCTimeZone(), /*short_ids=*/true, /*with_run=*/false};
  out.what = EventSummary(event, options).substr(0, 4 * kTextBytes);
  if (const std::string from = EnteredFrom(event); !from.empty()) {
    absl::StrAppend(&out.what, " [entered from ", from, "]");
  }
  return out;
}

std::optional<TopFinding> TopFindingOf(const StoredFinding& stored) {
  const Json finding = Json::parse(stored.json, nullptr, /*allow_exceptions=*/false);
  if (!finding.is_object()) return std::nullopt;
  TopFinding out;
  out.id = stored.id;
  out.wall_ns = stored.wall_ns;
  const Json& container = Child(finding, "container");
  out.owner = OwnerOf(container);
  out.label = out.owner == kTopHost ? kTopHost : ContainerLabel(container);
  out.case_id = Clean(stored.case_id);
  out.confidence = Clean(stored.confidence);
  out.summary = Clean(stored.summary);
  const Json& evidence = Child(finding, "evidence");
  for (size_t i = 0; evidence.is_array() && i < evidence.size() && i < kMostEvidence; ++i) {
    out.evidence.push_back({Clean(evidence[i], "claim"), Clean(evidence[i], "source"),
                            ValueText(Child(evidence[i], "value"))});
  }
  out.fix = Clean(finding, "fix");
  out.check = Clean(finding, "check");
  return out;
}

TopContainer TopContainerOf(const StoredContainer& stored) {
  const Container& c = stored.container;
  TopContainer out;
  out.owner = absl::StrCat(ToUtf8(c.runtime), ":", ToUtf8(c.id));
  out.label =
      Clean(absl::StrCat(c.pod.value_or(""), c.pod ? "/" : "", c.name, c.certain ? "" : "?"));
  out.runtime = Clean(c.runtime);
  out.id = Clean(c.id);
  out.image = Clean(c.image.value_or(""));
  out.started_wall_ns = stored.first_seen_wall_ns;
  out.died_wall_ns = stored.died_wall_ns;
  out.init_pid = c.init.pid;
  for (const NamespaceKind kind : kNamespaceKinds) {
    const uint32_t inode = c.namespaces[kind].inode;
    if (inode != 0) out.namespaces.push_back(absl::StrCat(std::string(Name(kind)), ":", inode));
  }
  return out;
}

}  // namespace nsobs
