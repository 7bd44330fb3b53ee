// Killed for lack of memory: whose limit, and whose process.
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/end_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

std::string Numbers(const Oom& oom) {
  std::string out;
  if (oom.limit) absl::StrAppend(&out, " of ", Bytes(*oom.limit));
  if (oom.usage) absl::StrAppend(&out, " (usage ", Bytes(*oom.usage), ")");
  return out;
}

std::string Victim(const Record& record, const Oom& oom) {
  if (!oom.node["victim"].exists()) {
    const std::string comm = OneLine(InitOf(record)["comm"].text());
    return comm.empty() ? "its process" : absl::StrCat("PID 1 (", comm, ")");
  }
  return oom.victim_is_init == true ? absl::StrCat("PID 1, ", oom.victim, ",") : oom.victim;
}

Draft BeginOom(const Record& record, const Oom& oom, std::string_view id) {
  Draft draft(record, id, oom.sure ? Confidence::kCertain : Confidence::kLikely);
  draft.Because("the kill", oom.node);
  draft.Because("how often lately", record.facts()["kills_in_hour"]);
  draft.Check(absl::StrCat("nsobserver events --container ", record.Target(), " --kind oom_kill"));
  return draft;
}

std::string Split(const Oom& oom) {
  const Node anon = oom.node["anon_bytes"], file = oom.node["file_bytes"];
  if (!anon.number() || !file.number()) return "";
  return absl::StrCat(", anonymous ", Bytes(*anon.number()), ", files ", Bytes(*file.number()));
}

bool IsHelper(const Record& record, const Oom& oom) {
  return oom.reason == "cgroup" && oom.victim_is_init == false && record.rule() == "oom_kill";
}

}  // namespace

MaybeFinding OomContainer(const Record& record) {
  const std::optional<Oom> oom = OomOf(record);
  if (!oom || oom->reason != "cgroup" || IsHelper(record, *oom)) return std::nullopt;
  return BeginOom(record, *oom, "oom-container")
      .Summary(absl::StrCat(record.Who(), ": ", Victim(record, *oom),
                            " was killed because the container reached its memory limit",
                            Numbers(*oom), Split(*oom)))
      .Because("memory of the cgroup", record["cgroup"]["memory"])
      .Fix(
          "raise the limit (--memory, resources.limits.memory) if the program needs that much, "
          "else find the leak")
      .Done();
}

MaybeFinding OomHelper(const Record& record) {
  const std::optional<Oom> oom = OomOf(record);
  if (!oom || !IsHelper(record, *oom)) return std::nullopt;
  const Node init = record["pid"]["init"];
  const bool lives = init.exists() || record["target"]["alive"].is_true();
  return BeginOom(record, *oom, "oom-helper")
      .Summary(absl::StrCat(record.Who(), ": ", oom->victim,
                            ", a helper and not PID 1, was killed at "
                            "the memory limit",
                            Numbers(*oom), lives ? ", and PID 1 lives on without it" : ""))
      .Because("PID 1", init["comm"])
      .Because("the container is alive", record["target"]["alive"])
      .Fix(
          "let the main process notice it and end, or set memory.oom.group so that all die and are "
          "restarted; raise the limit if it is too small")
      .Done();
}

MaybeFinding OomHost(const Record& record) {
  const std::optional<Oom> oom = OomOf(record);
  if (!oom || oom->reason != "host") return std::nullopt;
  const Node host = record["cgroup"]["host"];
  const std::optional<int64_t> total = host["memory_total_bytes"].number(),
                               free = host["memory_available_bytes"].number();
  const std::string numbers =
      total && free ? absl::StrCat(" (", Bytes(*free), " of ", Bytes(*total), " available now)")
                    : "";
  return BeginOom(record, *oom, "oom-host")
      .Summary(absl::StrCat(record.Who(), ": ", Victim(record, *oom),
                            " was killed because the host ran out of memory", numbers,
                            ", not by the container's own limit"))
      .Because("memory of the host", host)
      .Fix(
          "limits for the largest users and requests that the host can hold; protect what matters "
          "by oom_score_adj")
      .Done();
}

MaybeFinding OomPod(const Record& record) {
  const std::optional<Oom> oom = OomOf(record);
  if (!oom || oom->reason != "ancestor") return std::nullopt;
  const std::string path =
      oom->node["cgroup"].exists() ? oom->node["cgroup"].text() : record.facts()["cgroup"].text();
  Node ancestor;
  for (const Node& a : record["cgroup"]["ancestors"].items()) {
    if (!path.empty() && a["path"].Is(path)) ancestor = a;
  }
  return BeginOom(record, *oom, "oom-pod")
      .Summary(absl::StrCat(
          record.Who(), ": ", Victim(record, *oom), " was killed because ",
          path.empty() ? "an ancestor cgroup" : absl::StrCat("the cgroup ", OneLine(path)),
          " above the container reached its limit", Numbers(*oom)))
      .Because("the cgroup that reached its limit", ancestor)
      .Fix("raise the limit of the pod or slice, or lower what its containers may use together")
      .Done();
}

}  // namespace nsobs
