// Turns losses into rows of the timeline: who lost what, when, why and how much.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "userspace/base/clock.h"
#include "userspace/collector/counter_reader.h"
#include "userspace/event/observed_event.h"
#include "userspace/pipeline/ledger.h"
#include "userspace/pipeline/owner_book.h"

namespace nsobs {

// One thread: the pipeline's.
class LossReporter {
 public:
  explicit LossReporter(const Clock* clock);

  // A loss event for each (container, kind, cause) that grew since the last call. `kernel` are the
  // totals of the kernel's map, `ledger` what userspace lost (no container is known for those).
  std::vector<ObservedEvent> Report(const std::vector<KernelLoss>& kernel, const Ledger& ledger,
                                    const FindCounterOwner& find_owner);

 private:
  ObservedEvent Make(EventKind of, const std::string& cause, uint64_t count, int64_t from_ns,
                     int64_t to_ns) const;

  const Clock* const clock_;
  int64_t last_wall_ns_;
  // By the whole key: an inode alone comes back with the next namespace.
  absl::flat_hash_map<std::tuple<CounterKey, EventKind, std::string>, uint64_t> kernel_seen_;
  std::map<std::pair<EventKind, std::string>, uint64_t> user_seen_;
};

}  // namespace nsobs
