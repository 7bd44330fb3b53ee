#include "userspace/anomaly/rule_engine.h"

#include <algorithm>
#include <utility>

namespace nsobs {
namespace {

constexpr size_t kMaxRuns = 2048;

RuleCounts NoneYet(std::string_view rule) {
  RuleCounts counts;
  counts.rule = rule;
  using Verdict = Gate::Verdict;
  for (const Verdict v : {Verdict::kRepeat, Verdict::kContainerRate, Verdict::kRate}) {
    counts.suppressed[std::string(Name(v))] = 0;
  }
  return counts;
}

}  // namespace

RuleEngine::RuleEngine(const AnomalyOptions& options, std::vector<std::unique_ptr<Rule>> rules,
                       const Clock* clock, AnomalySink sink)
    : clock_(clock), sink_(std::move(sink)), gate_(options), runs_(kMaxRuns) {
  for (std::unique_ptr<Rule>& rule : rules) {
    const size_t seat = seats_.size();
    counts_.push_back(NoneYet(rule->name()));
    seats_.push_back({std::move(rule), [this, seat](Anomaly a) { Judge(seat, std::move(a)); }});
  }
}

void RuleEngine::OnEvent(const ObservedEvent& event, uint64_t run_id) {
  // Only of failures does it matter how many there were.
  if (run_id != 0 && event.event.kind == EventKind::kConnectFailure) {
    runs_.FindOrAdd(run_id) = event;
  }
  for (const Seat& seat : seats_) seat.rule->OnEvent(event, seat.sink);
}

bool RuleEngine::AwaitsEnd(const ProcessKey& process) const {
  return std::any_of(seats_.begin(), seats_.end(),
                     [&](const Seat& seat) { return seat.rule->AwaitsEnd(process); });
}

void RuleEngine::OnProcessEnd(const ProcessKey& process) {
  for (const Seat& seat : seats_) seat.rule->OnProcessEnd(process);
}

void RuleEngine::OnRunExtension(uint64_t run_id, uint64_t added, int64_t last_boot_ns) {
  const ObservedEvent* first = runs_.Find(run_id);
  if (first == nullptr || added == 0) return;
  ObservedEvent again = *first;
  again.count = added;
  again.wall_ns += last_boot_ns - again.event.boot_ns;
  again.last_wall_ns = again.wall_ns;
  again.event.boot_ns = last_boot_ns;
  for (const Seat& seat : seats_) seat.rule->OnEvent(again, seat.sink);
}

void RuleEngine::OnHostFacts(const HostFacts& facts) {
  const int64_t now_boot_ns = clock_->BootNs();
  for (const Seat& seat : seats_) seat.rule->OnHostFacts(facts, now_boot_ns, seat.sink);
}

void RuleEngine::OnCgroupFacts(const std::vector<CgroupFacts>& facts) {
  const int64_t now_boot_ns = clock_->BootNs();
  for (const Seat& seat : seats_) seat.rule->OnCgroupFacts(facts, now_boot_ns, seat.sink);
}

void RuleEngine::OnSilentProbes(const std::vector<SilentProbe>& probes) {
  const int64_t now_boot_ns = clock_->BootNs();
  for (const Seat& seat : seats_) seat.rule->OnSilentProbes(probes, now_boot_ns, seat.sink);
}

void RuleEngine::OnTick() {
  const int64_t now_boot_ns = clock_->BootNs();
  for (const Seat& seat : seats_) seat.rule->OnTick(now_boot_ns, seat.sink);
}

void RuleEngine::Judge(size_t seat, Anomaly anomaly) {
  const Gate::Verdict verdict = gate_.Judge(&anomaly);
  {
    MutexLock lock(&mutex_);
    RuleCounts& counts = counts_[seat];
    if (verdict == Gate::Verdict::kPass) {
      ++counts.fired;
    } else {
      ++counts.suppressed[std::string(Name(verdict))];
    }
  }
  if (verdict != Gate::Verdict::kPass) return;
  if (anomaly.wall_ns == 0) anomaly.wall_ns = clock_->WallOfBootNs(anomaly.boot_ns);
  sink_(std::move(anomaly));
}

std::vector<RuleCounts> RuleEngine::counts() const {
  MutexLock lock(&mutex_);
  return counts_;
}

}  // namespace nsobs
