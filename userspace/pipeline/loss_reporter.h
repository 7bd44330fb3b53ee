// Turns losses into rows of the timeline: who lost what, when, why and how much.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "userspace/base/clock.h"
#include "userspace/collector/counter_reader.h"
#include "userspace/event/observed_event.h"
#include "userspace/pipeline/ledger.h"
#include "userspace/pipeline/owner_book.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

// One thread: the pipeline's.
class LossReporter {
 public:
  explicit LossReporter(const Clock* clock);

  // A loss event for each (owner, kind, cause) that grew since the last call. `kernel` are the
  // totals of the kernel's map, `ledger` has what userspace lost. What is returned is told once: it
  // must find its way into the timeline, with `facts`, by which a successor knows.
  std::vector<ObservedEvent> Report(const std::vector<OwnerLoss>& kernel, const Ledger& ledger,
                                    const FindCounterOwner& find_owner,
                                    std::vector<TimelineFact>* facts);
  // Before the first: what of the kernel's losses was told by a predecessor.
  void Restore(const std::vector<OwnerLoss>& told);

 private:
  bool ReportOne(const OwnerLoss& loss, int64_t from_ns, const FindCounterOwner& find_owner,
                 std::vector<ObservedEvent>* out);

  const Clock* const clock_;
  int64_t last_wall_ns_;
  // By the whole key: an inode alone comes back with the next namespace.
  absl::flat_hash_map<std::tuple<CounterKey, EventKind, std::string>, uint64_t> seen_;
};

}  // namespace nsobs
