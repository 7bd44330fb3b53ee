#include "userspace/anomaly/rules/namespace_entry.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr size_t kMaxEntrants = 256;  // who are in a container at one time
constexpr size_t kMaxTargets = 4;     // of one process
constexpr size_t kMaxChanges = 8;     // of one visit: one a kind
constexpr size_t kMaxAncestors = 16;
constexpr int64_t kJoinNs = 50'000'000;  // nsenter makes a call for each kind

using Json = nlohmann::ordered_json;

// One process in one container.
struct Visit {
  ContainerRef container;
  std::vector<ObservedEvent> events;  // its namespace changes, the first kMaxChanges
  uint8_t kinds = 0;                  // bit per NamespaceKind
  bool told = false;

  const ObservedEvent& first() const { return events.front(); }
};

Json Kinds(uint8_t bits) {
  Json out = Json::array();
  for (const NamespaceKind kind : kNamespaceKinds) {
    if (bits >> static_cast<int>(kind) & 1) out.push_back(Name(kind));
  }
  return out;
}

Json Lineage(const Entry& entry) {
  Json out = Json::array();
  for (const Ancestor& a : entry.lineage) {
    if (out.size() >= kMaxAncestors) break;
    out.push_back({{"pid", a.pid},
                   {"comm", ToUtf8(a.comm)},
                   {"exe_args", a.exe_args ? Json(ToUtf8(*a.exe_args)) : Json(nullptr)},
                   {"login_uid", a.login_uid ? Json(*a.login_uid) : Json(nullptr)}});
  }
  return out;
}

class NamespaceEntryRule : public Rule {
 public:
  explicit NamespaceEntryRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "namespace_entry"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    if (const auto* change = std::get_if<NamespaceChange>(&event.event.detail)) {
      OnChange(event, *change, sink);
    } else if (std::holds_alternative<ProcessExit>(event.event.detail)) {
      OnExit(event, sink);
    }
  }

  bool AwaitsEnd(const ProcessKey& process) const override { return entrants_.Contains(process); }

  void OnTick(int64_t now_boot_ns, const AnomalySink& sink) override {
    TellAll(now_boot_ns - kJoinNs, sink);
  }

 private:
  void OnChange(const ObservedEvent& event, const NamespaceChange& change,
                const AnomalySink& sink) {
    if (!event.entry || change.error != 0 || change.changed == 0) return;
    if (event.entry->by == Entry::By::kEngine || event.entry->before_start) return;
    const ContainerRef& target = event.peer ? event.peer : event.container;
    if (target == nullptr) return;
    const ProcessKey key = event.event.process.key();
    // The one that makes room must have been told of.
    const bool full = entrants_.size() >= kMaxEntrants;
    if (full && entrants_.Find(key) == nullptr) TellAll(std::numeric_limits<int64_t>::max(), sink);
    std::vector<Visit>& visits = entrants_.FindOrAdd(key);
    auto visit = std::ranges::find_if(
        visits, [&](const Visit& v) { return SameOwner(v.container, target); });
    if (visit == visits.end()) {
      if (visits.size() >= kMaxTargets) {
        if (!visits.front().told) TellEntry(&visits.front(), sink);
        visits.erase(visits.begin());
      }
      visit = visits.insert(visits.end(), Visit{target, {}, 0, false});
      ++untold_;
    }
    visit->kinds |= change.changed;
    if (visit->events.size() < kMaxChanges) visit->events.push_back(event);
  }

  void OnExit(const ObservedEvent& exit, const AnomalySink& sink) {
    const ProcessKey key = exit.event.process.key();
    std::vector<Visit>* visits = entrants_.Find(key);
    if (visits == nullptr) return;
    for (Visit& visit : *visits) {
      if (!visit.told) TellEntry(&visit, sink);
      TellEnd(visit, exit, sink);
    }
    entrants_.Erase(key);
  }

  Anomaly Make(const Visit& visit) const {
    const ObservedEvent& first = visit.first();
    const bool minor = first.entry->by != Entry::By::kStranger || IsPlain(visit.container);
    Anomaly a = Begin(name(), minor ? AtMost(severity_, Severity::kInfo) : severity_, first);
    a.events = visit.events;
    a.container = visit.container;
    a.subject = visit.events.back().event.process;  // with all that it entered
    const ProcessKey process = first.event.process.key();
    a.key = absl::StrCat("namespace_entry|", OwnerKey(visit.container), "|", process.pid, "|",
                         process.start_boot_ns);
    const ContainerRef from = first.entered ? first.entered_from : nullptr;
    a.facts = {{"ended", false},
               {"by", Name(first.entry->by)},
               {"kinds", Kinds(visit.kinds)},
               {"entrant", Party(a.subject, from)},
               {"lineage", Lineage(*first.entry)}};
    const auto user = first.event.process.login_uid.value_or(first.event.process.uid);
    a.facts["user"] = user;
    a.summary = absl::StrCat(OwnerName(visit.container), " was entered by ", Who(a.subject),
                             ", user ", user, ", from ", OwnerName(from),
                             a.subject.exe_args ? absl::StrCat(": ", *a.subject.exe_args) : "");
    return a;
  }

  // Those who came up to then.
  void TellAll(int64_t until_boot_ns, const AnomalySink& sink) {
    if (untold_ == 0) return;
    entrants_.EraseIf([&](const ProcessKey&, std::vector<Visit>& visits) {
      for (Visit& visit : visits) {
        const bool due = visit.first().event.boot_ns <= until_boot_ns;
        if (!visit.told && due) TellEntry(&visit, sink);
      }
      return false;
    });
  }

  void TellEntry(Visit* visit, const AnomalySink& sink) {
    visit->told = true;
    --untold_;
    sink(Make(*visit));
  }

  // A key of its own: the end is no repetition of the entry.
  void TellEnd(const Visit& visit, const ObservedEvent& exit, const AnomalySink& sink) const {
    Anomaly a = Make(visit);
    a.key += ":end";
    a.boot_ns = exit.event.boot_ns;
    a.wall_ns = exit.wall_ns;
    AddEvidence(exit, &a);
    const int64_t duration_ns = exit.event.boot_ns - visit.first().event.boot_ns;
    a.facts["ended"] = true;
    a.facts["duration_ns"] = duration_ns;
    a.summary = absl::StrCat(a.summary, ", for ",
                             absl::StrFormat("%.1f s", static_cast<double>(duration_ns) / 1e9));
    a.severity = AtMost(a.severity, Severity::kInfo);  // the entry itself was told
    sink(std::move(a));
  }

  const Severity severity_;
  LruMap<ProcessKey, std::vector<Visit>> entrants_{kMaxEntrants};
  int64_t untold_ = 0;  // visits, so that a tick without any costs nothing
};

}  // namespace

std::unique_ptr<Rule> MakeNamespaceEntryRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.namespace_entry);
  return severity ? std::make_unique<NamespaceEntryRule>(*severity) : nullptr;
}

}  // namespace nsobs
