// Owns the rules, feeds them, and lets through what is worth somebody's time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "userspace/anomaly/gate.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"
#include "userspace/base/clock.h"
#include "userspace/base/mutex.h"

namespace nsobs {

// Of one rule, totals since the start: what it said = fired + the sum of suppressed.
struct RuleCounts {
  std::string rule;
  uint64_t fired = 0;                          // let through
  std::map<std::string, uint64_t> suppressed;  // by cause: "repeat", "container_rate", "rate"
};

// One thread: the pipeline's; counts() from any.
class RuleEngine {
 public:
  // `clock` outlives this. `sink` is called on the pipeline's thread and must not block.
  RuleEngine(const AnomalyOptions& options, std::vector<std::unique_ptr<Rule>> rules,
             const Clock* clock, AnomalySink sink);

  // `run_id` as the coalescer gave it; 0: the event begins no run.
  void OnEvent(const ObservedEvent& event, uint64_t run_id = 0);
  // `added` more events of a run. The rules get its first event again, with the time of the last
  // one and `added` as its count, so that a burst which became one row is still a burst.
  void OnRunExtension(uint64_t run_id, uint64_t added, int64_t last_boot_ns);
  void OnRunEnd(uint64_t run_id) { runs_.Erase(run_id); }

  bool AwaitsEnd(const ProcessKey& process) const;
  void OnProcessEnd(const ProcessKey& process);
  void OnHostFacts(const HostFacts& facts);
  void OnCgroupFacts(const std::vector<CgroupFacts>& facts);
  void OnSilentProbes(const std::vector<SilentProbe>& probes);
  void OnTick();  // a few times a second

  // One line for each rule that is on, from the start, with all causes.
  std::vector<RuleCounts> counts() const;

  size_t remembered_keys() const { return gate_.keys(); }  // the rules' thread only

 private:
  struct Seat {
    std::unique_ptr<Rule> rule;
    AnomalySink sink;  // of its own, so that what it says is counted as its own
  };
  void Judge(size_t seat, Anomaly anomaly);

  const Clock* const clock_;
  const AnomalySink sink_;
  std::vector<Seat> seats_;
  Gate gate_;
  LruMap<uint64_t, ObservedEvent> runs_;  // their first events
  mutable Mutex mutex_;
  std::vector<RuleCounts> counts_ ABSL_GUARDED_BY(mutex_);  // in the order of seats_
};

}  // namespace nsobs
