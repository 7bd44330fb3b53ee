// The thread that goes and looks: for each anomaly a snapshot, the record, the diagnosis, and rows
// for the timeline. Slow by nature, so it stands beside the pipeline, never in it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/bounded_queue.h"
#include "userspace/base/clock.h"
#include "userspace/correlation/correlator.h"
#include "userspace/pipeline/baseline_book.h"
#include "userspace/pipeline/finding_book.h"
#include "userspace/pipeline/namespace_pins.h"
#include "userspace/snapshot/snapshotter.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

struct Investigation {
  Anomaly anomaly;
  std::vector<ObservedEvent> before;
  nlohmann::ordered_json entries;  // into the container, of as long as is remembered
  PinnedFd net;                    // nullptr: none is held
};

struct InvestigatorHandlers {
  // Takes the row for the timeline; false: it is full, and the row is lost (and counted).
  std::function<bool(SnapshotRow row)> store;
  // Called about once a second between investigations.
  std::function<void()> idle;
};

class Investigator {
 public:
  // All outlive the investigator; `snapshotter` nullptr: diagnoses go by events alone.
  Investigator(Snapshotter* snapshotter, const Correlator* correlator, const Clock* clock,
               FindingBook* book, InvestigatorHandlers handlers);
  ~Investigator();

  void Start();
  void Stop();

  // Thread-safe, never waits. False: too many wait already; counted.
  bool Ask(Investigation investigation);
  // To be closed on this thread: a namespace's last close takes its time.
  void Drop(std::vector<PinnedFd> pins);

 private:
  void Loop();
  void Investigate(Investigation work);
  void StoreEnd(const Investigation& work, nlohmann::ordered_json record);
  void Store(const Investigation& work, nlohmann::ordered_json record, SnapshotRow row);
  void KeepBaseline(const Investigation& work, const nlohmann::ordered_json& record,
                    SnapshotRow* row);
  void AddChanges(const Investigation& work, nlohmann::ordered_json* record) const;
  absl::StatusOr<nlohmann::ordered_json> Look(const Investigation& work,
                                              const Inventory& inventory);

  Snapshotter* const snapshotter_;
  const Correlator* const correlator_;
  const Clock* const clock_;
  FindingBook* const book_;
  const InvestigatorHandlers handlers_;
  BaselineBook baselines_;
  BoundedQueue<Investigation> queue_;
  BoundedQueue<std::vector<PinnedFd>> dropped_;
  std::thread thread_;
};

}  // namespace nsobs
