#include "userspace/anomaly/rules/stuck.h"

#include <csignal>
#include <deque>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "userspace/anomaly/support.h"

namespace nsobs {
namespace {

constexpr size_t kMaxKilled = 4096;
constexpr size_t kMaxOrder = 16 * kMaxKilled;  // with those that have ended
// Memory of many GiB takes seconds to be given back before the kernel tells of the exit.
constexpr int64_t kPatienceNs = 10'000'000'000;

// Who was killed and did not end. That an exit was not seen (events are lost under load) is found
// out by the look that follows: a process that has gone is not stuck.
class StuckRule : public Rule {
 public:
  explicit StuckRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "stuck"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink&) override {
    const auto* signal = std::get_if<Signal>(&event.event.detail);
    if (signal == nullptr || signal->signal != SIGKILL || event.container == nullptr) return;
    if (signal->result != Signal::Result::kDelivered || event.event.process.pid == 0) return;
    if (killed_.size() >= kMaxKilled || order_.size() >= kMaxOrder) return;
    // The first one counts: engines send it again and again to who does not end.
    const bool added = killed_.try_emplace(event.event.process.key(), event).second;
    if (added) order_.push_back(event.event.process.key());
  }

  void OnProcessEnd(const ProcessKey& process) override { killed_.erase(process); }

  void OnTick(int64_t now_boot_ns, const AnomalySink& sink) override {
    while (!order_.empty()) {
      const auto it = killed_.find(order_.front());
      if (it != killed_.end()) {
        if (now_boot_ns - it->second.event.boot_ns < kPatienceNs) return;
        Fire(it->second, now_boot_ns, sink);
        killed_.erase(it);
      }
      order_.pop_front();
    }
  }

 private:
  void Fire(const ObservedEvent& kill, int64_t now_boot_ns, const AnomalySink& sink) const {
    const auto& signal = std::get<Signal>(kill.event.detail);
    const Process& target = kill.event.process;
    Anomaly a = Begin(name(), severity_, kill);
    absl::StrAppend(&a.key, "|", target.pid, "|", target.start_boot_ns);
    const int64_t since_ns = now_boot_ns - kill.event.boot_ns;
    a.summary = absl::StrCat(OwnerName(kill.container), ": ", Who(target), " got SIGKILL ",
                             since_ns / 1'000'000'000, " s ago and has not ended");
    a.facts = {{"since_ns", since_ns},
               {"is_init", IsInit(kill.container, target)},
               {"sender", signal.by_kernel ? nlohmann::ordered_json(nullptr)
                                           : Party(signal.sender, kill.peer)}};
    sink(std::move(a));
  }

  const Severity severity_;
  absl::flat_hash_map<ProcessKey, ObservedEvent> killed_;  // the living, as far as was heard
  std::deque<ProcessKey> order_;                           // by time; the dead are left in it
};

}  // namespace

std::unique_ptr<Rule> MakeStuckRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.stuck);
  return severity ? std::make_unique<StuckRule>(*severity) : nullptr;
}

}  // namespace nsobs
