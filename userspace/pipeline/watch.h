// What makes of a recorder an observer: the rules over the stream, the seconds before, the
// namespaces that are held for a moment, and the thread that goes and looks.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule_engine.h"
#include "userspace/base/mutex.h"
#include "userspace/correlation/correlator.h"
#include "userspace/pipeline/entry_log.h"
#include "userspace/pipeline/finding_book.h"
#include "userspace/pipeline/flight_recorder.h"
#include "userspace/pipeline/investigator.h"
#include "userspace/pipeline/namespace_pins.h"

namespace nsobs {

struct WatchOptions {
  AnomalyOptions anomaly;
  absl::Duration finding_active_for = absl::Minutes(10);
  absl::Duration cgroup_period = absl::Seconds(10);  // longer from 500 containers on
  absl::Duration baseline_after = absl::Seconds(3);  // a container's start; zero: none is taken
};

// One thread, the pipeline's, but for Counts() and anomaly_counts().
class Watch {
 public:
  // All outlive the watch; `snapshotter` nullptr: nothing is looked into. `store` is called on the
  // investigator's thread: false when the row could not be taken.
  Watch(const WatchOptions& options, Snapshotter* snapshotter, const Correlator* correlator,
        const Clock* clock, std::function<bool(SnapshotRow)> store);
  ~Watch();

  void Start();
  void Stop();  // what waits is not looked into any more, and counted

  void OnEvent(const ObservedEvent& event, uint64_t run_id);
  void OnRunExtension(uint64_t run_id, uint64_t added, int64_t last_boot_ns);
  void OnRunEnd(uint64_t run_id);
  bool AwaitsEnd(const ProcessKey& process) const { return rules_.AwaitsEnd(process); }
  void OnProcessEnd(const ProcessKey& process) { rules_.OnProcessEnd(process); }
  void OnHostFacts(const HostFacts& facts);
  void OnSilentProbes(const std::vector<SilentProbe>& probes);
  void OnTick();  // a few times a second

  InvestigationCounts Counts();
  std::vector<AnomalyCount> anomaly_counts() const;

 private:
  struct Due {
    int64_t boot_ns = 0;
    ContainerRef container;
    Process init;
  };

  void OnAnomaly(Anomaly anomaly);
  void OnStart(const ObservedEvent& event);
  void TakeBaselines(int64_t now_boot_ns);
  void Idle();  // on the investigator's thread

  const WatchOptions options_;
  const Correlator* const correlator_;
  const Clock* const clock_;
  Snapshotter* const snapshotter_;
  FlightRecorder recorder_;
  EntryLog entries_;
  NamespacePins pins_;
  FindingBook book_;
  RuleEngine rules_;
  Investigator investigator_;
  std::deque<Due> baselines_;
  int64_t last_baseline_ns_ = 0;
  int64_t next_cgroups_ns_ = 0;  // the investigator's
  Mutex mutex_;
  std::optional<std::vector<CgroupFacts>> cgroup_facts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
