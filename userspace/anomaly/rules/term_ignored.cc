#include "userspace/anomaly/rules/term_ignored.h"

#include <algorithm>
#include <array>
#include <csignal>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxStops = 1024;
constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMillisecond;
// A kill so long after belongs to no stop any more.
constexpr int64_t kMemoryNs = 600 * kSecond;
// The record of the kill may come behind that of the end: they travel by different rings.
constexpr int64_t kLateNs = 2 * kSecond;
// A program that would have ended had it been left this long wasn't waited for.
constexpr int64_t kLeastWaitNs = 500 * kMillisecond;

constexpr auto kShells =
    std::to_array<std::string_view>({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish"});

bool IsShell(const Process& process) {
  std::string_view word = process.exe_args ? std::string_view(*process.exe_args) : process.comm;
  word = word.substr(0, word.find(' '));
  if (const size_t slash = word.rfind('/'); slash != std::string_view::npos) {
    word.remove_prefix(slash + 1);
  }
  return std::ranges::find(kShells, word) != kShells.end();
}

const Signal& SignalOf(const ObservedEvent& event) { return std::get<Signal>(event.event.detail); }

// A stop under way: PID 1 was told and is still there.
struct Stop {
  ObservedEvent term;
  bool told = false;          // that nothing came of it
  int64_t ended_boot_ns = 0;  // 0: lives
  bool Ignored() const { return SignalOf(term).result == Signal::Result::kIgnored; }
};

class TermIgnoredRule : public Rule {
 public:
  TermIgnoredRule(Severity severity, const AnomalyOptions& options)
      : severity_(severity), grace_ns_(absl::ToInt64Nanoseconds(options.term_ignored_grace)) {}

  std::string_view name() const override { return "term_ignored"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    if (std::holds_alternative<ContainerExit>(event.event.detail)) {
      Stop* stop = stops_.Find(OwnerKey(event.container));
      if (stop != nullptr && stop->term.event.process.pid == event.event.process.pid) {
        stop->ended_boot_ns = event.event.boot_ns;
      }
      return;
    }
    const auto* signal = std::get_if<Signal>(&event.event.detail);
    if (signal == nullptr || signal->by_kernel || !IsInit(event.container, event.event.process)) {
      return;
    }
    if (IsStopSignal(signal->signal)) {
      OnStopSignal(event);
    } else if (signal->signal == SIGKILL && signal->result != Signal::Result::kIgnored) {
      OnKill(event, sink);
    }
  }

  void OnTick(int64_t now_boot_ns, const AnomalySink& sink) override {
    stops_.EraseIf([&](const std::string&, Stop& stop) {
      const int64_t age_ns = now_boot_ns - stop.term.event.boot_ns;
      if (stop.ended_boot_ns != 0) return now_boot_ns - stop.ended_boot_ns > kLateNs;
      if (stop.Ignored() && !stop.told && age_ns >= grace_ns_) {
        stop.told = true;
        FireAlone(stop, now_boot_ns, age_ns, sink);
      }
      return age_ns > kMemoryNs;
    });
  }

 private:
  // The first of a stop counts: people and engines repeat themselves.
  void OnStopSignal(const ObservedEvent& event) {
    const std::string key = OwnerKey(event.container);
    Stop& stop = stops_.FindOrAdd(key, Stop{event});
    const Event& before = stop.term.event;
    const bool same = before.process.pid == event.event.process.pid && stop.ended_boot_ns == 0 &&
                      event.event.boot_ns - before.boot_ns < grace_ns_;
    if (!same) stop = Stop{event};
  }

  void OnKill(const ObservedEvent& kill, const AnomalySink& sink) {
    const std::string key = OwnerKey(kill.container);
    const Stop* stop = stops_.Find(key);
    if (stop == nullptr || stop->term.event.process.pid != kill.event.process.pid) return;
    const int64_t wasted_ns = kill.event.boot_ns - stop->term.event.boot_ns;
    const bool waited = stop->Ignored() || wasted_ns >= kLeastWaitNs;
    if (wasted_ns >= 0 && wasted_ns <= kMemoryNs && waited)
      FireKilled(*stop, kill, wasted_ns, sink);
    stops_.Erase(key);
  }

  static nlohmann::ordered_json TermFacts(const Stop& stop) {
    const Signal& term = SignalOf(stop.term);
    return {{"term_signal", SignalName(term.signal)},
            {"term_result", Name(term.result)},
            {"term_disposition", Name(term.handler)},
            {"init_is_shell", IsShell(stop.term.event.process)},
            {"term_sender", Party(term.sender, stop.term.peer)}};
  }

  static std::string TermText(const Stop& stop) {
    const Signal& term = SignalOf(stop.term);
    return absl::StrCat(OwnerName(stop.term.container), ": PID 1 ", Who(stop.term.event.process),
                        stop.Ignored() ? " ignored " : " did not end on ", SignalName(term.signal),
                        " from ", Who(term.sender));
  }

  void FireKilled(const Stop& stop, const ObservedEvent& kill, int64_t wasted_ns,
                  const AnomalySink& sink) const {
    const Signal& signal = SignalOf(kill);
    Anomaly a = Begin(name(), severity_, kill);
    AddEvidence(stop.term, &a);
    absl::StrAppend(&a.key, "|", kill.event.process.pid);
    a.summary = absl::StrCat(TermText(stop), " and was killed ",
                             absl::StrFormat("%.1f s", static_cast<double>(wasted_ns) / 1e9),
                             " later by ", Who(signal.sender));
    a.facts = TermFacts(stop);
    a.facts["killed"] = true;
    a.facts["wasted_ns"] = wasted_ns;
    a.facts["kill_sender"] = Party(signal.sender, kill.peer);
    sink(std::move(a));
  }

  void FireAlone(const Stop& stop, int64_t now_boot_ns, int64_t age_ns,
                 const AnomalySink& sink) const {
    Anomaly a = Begin(name(), AtMost(severity_, Severity::kInfo), stop.term);
    a.boot_ns = now_boot_ns;
    a.wall_ns = stop.term.wall_ns + age_ns;
    // Not the key of the kill that may follow, which must not count as a repetition.
    absl::StrAppend(&a.key, "|", stop.term.event.process.pid, "|alone");
    a.summary = absl::StrCat(TermText(stop), " and lives on");
    a.facts = TermFacts(stop);
    a.facts["killed"] = false;
    a.facts["wasted_ns"] = age_ns;
    sink(std::move(a));
  }

  const Severity severity_;
  const int64_t grace_ns_;
  LruMap<std::string, Stop> stops_{kMaxStops};
};

}  // namespace

std::unique_ptr<Rule> MakeTermIgnoredRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.term_ignored);
  return severity ? std::make_unique<TermIgnoredRule>(*severity, options) : nullptr;
}

}  // namespace nsobs
