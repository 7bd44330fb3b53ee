#include "userspace/anomaly/rules/crash.h"

#include <deque>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/base/status_util.h"
#include "userspace/event/crash_signals.h"

namespace nsobs {
namespace {

constexpr size_t kMaxPrograms = 1024;
constexpr size_t kMaxSignals = 64;
constexpr int64_t kSignalAgeNs = 5'000'000'000;  // a handler or a core dump may take its time

class CrashRule : public Rule {
 public:
  CrashRule(Severity severity, const AnomalyOptions& options)
      : severity_(severity),
        repeated_(options.crash_count),
        window_ns_(absl::ToInt64Nanoseconds(options.crash_window)) {}

  std::string_view name() const override { return "crash"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    if (event.container == nullptr) return;
    if (const auto* signal = std::get_if<Signal>(&event.event.detail)) {
      if (!IsCrashSignal(signal->signal)) return;
      signals_.push_back(event);
      if (signals_.size() > kMaxSignals) signals_.pop_front();
    } else if (const auto* exit = std::get_if<ProcessExit>(&event.event.detail)) {
      if (IsCrashSignal(exit->signal)) OnCrash(event, *exit, sink);
    }
  }

 private:
  // At most `crash_count` - 1 times by program, for the next one fires and begins anew.
  using Times = std::deque<int64_t>;

  void OnCrash(const ObservedEvent& event, const ProcessExit& exit, const AnomalySink& sink) {
    Times& times =
        crashes_.FindOrAdd(absl::StrCat(OwnerKey(event.container), "|", event.event.process.comm));
    const int64_t now_ns = event.event.boot_ns;
    while (!times.empty() && now_ns - times.front() > window_ns_) times.pop_front();
    times.push_back(now_ns);
    const size_t crashes = times.size();
    if (crashes >= repeated_) {
      Fire(event, exit, crashes, severity_, "repeated", sink);
      // The next two are no news; the third is.
      times.clear();
      if (repeated_ > 1) times.push_back(now_ns);
    } else if (crashes == 1) {
      Fire(event, exit, crashes, AtMost(severity_, Severity::kInfo), "once", sink);
    }
  }

  // The signal that ended it, if it was told of.
  const ObservedEvent* SignalThatEnded(const ObservedEvent& event, int number) const {
    for (auto it = signals_.rbegin(); it != signals_.rend(); ++it) {
      const bool same = it->event.process.pid == event.event.process.pid &&
                        std::get<Signal>(it->event.detail).signal == number;
      const int64_t age_ns = event.event.boot_ns - it->event.boot_ns;
      if (same && age_ns >= 0 && age_ns <= kSignalAgeNs) return &*it;
    }
    return nullptr;
  }

  void Fire(const ObservedEvent& event, const ProcessExit& exit, size_t crashes, Severity severity,
            const char* how_often, const AnomalySink& sink) const {
    Anomaly a = Begin(name(), severity, event);
    const Process& process = event.event.process;
    absl::StrAppend(&a.key, "|", process.comm, "|", how_often);
    a.summary = absl::StrCat(
        OwnerName(event.container), ": ", Who(process), " crashed: ", SignalName(exit.signal),
        crashes > 1 ? absl::StrCat(", ", crashes, " times in ", window_ns_ / 60'000'000'000, " min")
                    : "");
    a.facts = {{"signal", exit.signal},
               {"signal_name", SignalName(exit.signal)},
               {"crashes_in_window", crashes},
               {"window_ns", window_ns_},
               {"core_dumped", exit.core_dumped},
               {"lifetime_ns", exit.lifetime_ns},
               {"is_init", IsInit(event.container, process)},
               {"sender", nullptr}};
    if (const ObservedEvent* cause = SignalThatEnded(event, exit.signal)) {
      const auto& signal = std::get<Signal>(cause->event.detail);
      AddEvidence(*cause, &a);
      // Somebody else's kill -SEGV is no crash of its own making.
      if (!signal.by_kernel && signal.sender.pid != process.pid) {
        a.facts["sender"] = Party(signal.sender, cause->peer);
      }
    }
    sink(std::move(a));
  }

  const Severity severity_;
  const uint64_t repeated_;
  const int64_t window_ns_;
  LruMap<std::string, Times> crashes_{kMaxPrograms};
  std::deque<ObservedEvent> signals_;
};

}  // namespace

std::unique_ptr<Rule> MakeCrashRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.crash);
  return severity ? std::make_unique<CrashRule>(*severity, options) : nullptr;
}

}  // namespace nsobs
