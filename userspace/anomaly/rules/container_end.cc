#include "userspace/anomaly/rules/container_end.h"

#include <algorithm>
#include <csignal>
#include <deque>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/event/crash_signals.h"

namespace nsobs {
namespace {

constexpr size_t kMaxHistories = 1024;
constexpr size_t kMaxPending = 1024;
constexpr size_t kMaxKernelKills = 256;
constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMillisecond;
// What belongs to the end may arrive behind it: signals travel by another ring, and the kills that
// an init's end brings to its pid namespace follow it.
constexpr int64_t kSettleNs = 500 * kMillisecond;
constexpr int64_t kCauseAgeNs = 30 * kSecond;  // of the deadly signal or OOM kill, before the end
constexpr int64_t kStopAgeNs = 600 * kSecond;  // of the stop signal: grace periods are long

using Json = nlohmann::ordered_json;

const Signal& SignalOf(const ObservedEvent& event) { return std::get<Signal>(event.event.detail); }

bool IsWatched(int signal) {
  return IsStopSignal(signal) || IsCrashSignal(signal) || signal == SIGKILL || signal == SIGHUP ||
         signal == SIGXCPU || signal == SIGXFSZ;
}

// What befell the init of a container lately.
struct History {
  std::map<int, ObservedEvent> signals;  // the latest of each
  std::optional<ObservedEvent> oom;      // of the init, not of a child
  std::deque<int64_t> kernel_kills;      // boot_ns of SIGKILLs that a process's end brought along
};

// The container_exit and what explains it.
struct Certificate {
  const ObservedEvent& exit;
  const ObservedEvent* killer = nullptr;  // the signal that ended it
  const ObservedEvent* stop = nullptr;    // the request to stop that came before
  const ObservedEvent* oom = nullptr;
  uint64_t killed_with_it = 0;

  const ContainerExit& detail() const { return std::get<ContainerExit>(exit.event.detail); }
  bool oom_killed() const { return oom != nullptr || detail().cause == "oom"; }
};

bool IsOf(const ObservedEvent& event, const ObservedEvent& exit, int64_t max_age_ns) {
  const int64_t age_ns = exit.event.boot_ns - event.event.boot_ns;
  return event.event.process.key() == exit.event.process.key() && age_ns >= 0 &&
         age_ns <= max_age_ns;
}

Certificate Certify(const ObservedEvent& exit, const History* history) {
  Certificate c{exit};
  if (history == nullptr) return c;
  const int number = c.detail().signal;
  for (const auto& [signal, event] : history->signals) {
    const bool taken = SignalOf(event).result != Signal::Result::kIgnored;
    if (signal == number && taken && IsOf(event, exit, kCauseAgeNs)) c.killer = &event;
    if (!IsStopSignal(signal) || !IsOf(event, exit, kStopAgeNs)) continue;
    if (c.stop == nullptr || c.stop->event.boot_ns < event.event.boot_ns) c.stop = &event;
  }
  const bool fits = number == SIGKILL && history->oom && IsOf(*history->oom, exit, kCauseAgeNs);
  if (fits) c.oom = &*history->oom;
  c.killed_with_it = std::ranges::count_if(
      history->kernel_kills, [&](int64_t boot_ns) { return boot_ns >= exit.event.boot_ns; });
  return c;
}

// Ended as asked to, or because it was done. The code of a command that was run in namespaces of
// its own (a test, a sandbox) is told to whoever ran it.
bool IsOrderly(const Certificate& c) {
  const ContainerExit& exit = c.detail();
  if (exit.signal != 0) return IsStopSignal(exit.signal) && exit.signal != SIGQUIT;
  const bool stopped = c.stop != nullptr && SignalOf(*c.stop).result != Signal::Result::kIgnored;
  return exit.exit_code == 0 || stopped || IsPlain(c.exit.container);
}

// Whose doing it was: who sent what ended it, or what it ended on by itself.
const ObservedEvent* Cause(const Certificate& c) {
  if (c.killer != nullptr) return c.killer;
  const bool followed = c.detail().signal == 0 && c.stop != nullptr &&
                        SignalOf(*c.stop).result != Signal::Result::kIgnored &&
                        IsOf(*c.stop, c.exit, kCauseAgeNs);
  return followed ? c.stop : nullptr;
}

Json SenderFacts(const ObservedEvent* event) {
  if (event == nullptr || SignalOf(*event).by_kernel) return nullptr;
  return Party(SignalOf(*event).sender, event->peer);
}

Json OomFacts(const ObservedEvent* event) {
  if (event == nullptr) return nullptr;
  const auto& kill = std::get<OomKill>(event->event.detail);
  return {{"reason", Name(kill.reason)},
          {"limit_bytes", kill.limit_bytes ? Json(*kill.limit_bytes) : Json(nullptr)},
          {"usage_bytes", kill.usage_bytes},
          {"cgroup", ToUtf8(kill.cgroup_path)}};
}

Json StopFacts(const Certificate& c) {
  if (c.stop == nullptr) return nullptr;
  const Signal& stop = SignalOf(*c.stop);
  return {{"signal", SignalName(stop.signal)},
          {"result", Name(stop.result)},
          {"sent_ns_before", c.exit.event.boot_ns - c.stop->event.boot_ns},
          {"sender", SenderFacts(c.stop)}};
}

Json Facts(const Certificate& c) {
  const ContainerExit& exit = c.detail();
  const ObservedEvent* cause = Cause(c);
  return {{"exit_code", exit.signal == 0 ? Json(exit.exit_code) : Json(nullptr)},
          {"signal", exit.signal != 0 ? Json(exit.signal) : Json(nullptr)},
          {"signal_name", exit.signal != 0 ? Json(SignalName(exit.signal)) : Json(nullptr)},
          {"lifetime_ns", exit.lifetime_ns},
          {"sender", SenderFacts(cause)},
          {"sent_by_kernel", cause != nullptr && SignalOf(*cause).by_kernel},
          {"stop", StopFacts(c)},
          {"oom", c.oom_killed()},
          {"oom_kill", OomFacts(c.oom)},
          {"init_first", c.killed_with_it > 0},
          {"killed_with_it", c.killed_with_it}};
}

std::string OomText(const ObservedEvent* event) {
  if (event == nullptr) return "";
  switch (std::get<OomKill>(event->event.detail).reason) {
    case OomKill::Reason::kCgroup:
      return " (its limit)";
    case OomKill::Reason::kAncestor:
      return " (an ancestor's limit)";
    case OomKill::Reason::kHost:
      return " (the host's)";
  }
  return "";
}

std::string Summary(const Certificate& c) {
  const ContainerExit& exit = c.detail();
  const ObservedEvent* cause = Cause(c);
  std::string out = absl::StrCat(OwnerName(c.exit.container), " ended: ");
  if (c.oom_killed()) {
    absl::StrAppend(&out, "killed for lack of memory", OomText(c.oom));
  } else if (exit.signal != 0) {
    absl::StrAppend(&out, "killed by ", SignalName(exit.signal));
  } else {
    absl::StrAppend(&out, "exit code ", exit.exit_code);
  }
  if (cause != nullptr && !SignalOf(*cause).by_kernel) {
    absl::StrAppend(&out, exit.signal != 0 ? " from " : " on a stop signal from ",
                    Who(SignalOf(*cause).sender), " of ", OwnerName(cause->peer));
  }
  if (c.killed_with_it > 0) {
    absl::StrAppend(&out, "; its PID 1 ended first and took ", c.killed_with_it,
                    c.killed_with_it == 1 ? " process" : " processes", " with it");
  }
  return out;
}

class ContainerEndRule : public Rule {
 public:
  explicit ContainerEndRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "container_end"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    if (event.container == nullptr) return;
    if (std::holds_alternative<Signal>(event.event.detail)) {
      OnSignal(event);
    } else if (std::holds_alternative<OomKill>(event.event.detail)) {
      const bool init_unknown = event.container->init.pid == 0;
      if (init_unknown || IsInit(event.container, event.event.process))
        HistoryOf(event).oom = event;
    } else if (std::holds_alternative<ContainerExit>(event.event.detail)) {
      pending_.push_back(event);
      if (pending_.size() > kMaxPending) TellFirst(sink);
    }
  }

  void OnTick(int64_t now_boot_ns, const AnomalySink& sink) override {
    while (!pending_.empty() && now_boot_ns - pending_.front().event.boot_ns >= kSettleNs) {
      TellFirst(sink);
    }
  }

 private:
  History& HistoryOf(const ObservedEvent& event) {
    return histories_.FindOrAdd(OwnerKey(event.container));
  }

  void OnSignal(const ObservedEvent& event) {
    const Signal& signal = SignalOf(event);
    const Process& target = event.event.process;
    if (IsInit(event.container, target)) {
      if (!IsWatched(signal.signal)) return;
      // A second SIGKILL kills nobody: the first one did.
      if (signal.signal == SIGKILL && signal.result != Signal::Result::kDelivered) return;
      HistoryOf(event).signals.insert_or_assign(signal.signal, event);
      return;
    }
    if (signal.signal != SIGKILL || !signal.by_kernel) return;
    if (!IsInit(event.container, signal.sender)) return;
    std::deque<int64_t>& kills = HistoryOf(event).kernel_kills;
    kills.push_back(event.event.boot_ns);
    if (kills.size() > kMaxKernelKills) kills.pop_front();
  }

  void TellFirst(const AnomalySink& sink) {
    const ObservedEvent exit = std::move(pending_.front());
    pending_.pop_front();
    const Certificate c = Certify(exit, histories_.Find(OwnerKey(exit.container)));
    const Severity severity = IsOrderly(c) ? AtMost(severity_, Severity::kInfo) : severity_;
    Anomaly a = Begin(name(), severity, exit);
    if (c.killer != nullptr) AddEvidence(*c.killer, &a);
    if (c.stop != nullptr && c.stop != c.killer) AddEvidence(*c.stop, &a);
    if (c.oom != nullptr) AddEvidence(*c.oom, &a);
    // One certificate an end: a container that is started again has another one.
    const ProcessKey init = exit.event.process.key();
    absl::StrAppend(&a.key, "|", init.pid, "|", init.start_boot_ns);
    a.summary = Summary(c);
    a.facts = Facts(c);
    sink(std::move(a));
  }

  const Severity severity_;
  LruMap<std::string, History> histories_{kMaxHistories};
  std::deque<ObservedEvent> pending_;  // ends that settle
};

}  // namespace

std::unique_ptr<Rule> MakeContainerEndRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.container_end);
  return severity ? std::make_unique<ContainerEndRule>(*severity) : nullptr;
}

}  // namespace nsobs
