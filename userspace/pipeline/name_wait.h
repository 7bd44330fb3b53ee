// Events whose container has no name yet since its runtime has not written it down: they wait for a
// moment, rather than be told of "unknown".
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "userspace/collector/record_batch.h"
#include "userspace/pipeline/timeline_writer.h"

namespace nsobs {

// With all that a reader waits for besides, less than the second in which an event is promised.
inline constexpr absl::Duration kNamePatience = absl::Milliseconds(400);
// Between looks while somebody has no name.
inline constexpr absl::Duration kNamePause = absl::Milliseconds(50);

// One thread, the pipeline's.
class NameWait {
 public:
  struct Held {
    WriteItem item;  // a TimelineRow
    std::vector<RunExtension> extensions;
    bool run_ended = false;
  };
  // `observe_again`: Correlator::ObserveAgain().
  explicit NameWait(std::function<ObservedEvent(Event)> observe_again)
      : observe_again_(std::move(observe_again)) {}

  bool empty() const { return held_.empty(); }
  // Takes a row that awaits its name; false, with the row untouched, if too many wait already.
  bool Hold(WriteItem& item);
  // What belongs to a run whose row waits waits behind it. False if none does.
  bool Hold(const RunExtension& extension);
  bool HoldEnd(uint64_t run_id);
  // In the order in which they came: those that have a name by now, those that have waited for
  // kNamePatience, and with `all` the others, too.
  std::vector<Held> Take(int64_t now_boot_ns, bool all);

 private:
  Held* FindRun(uint64_t run_id);

  const std::function<ObservedEvent(Event)> observe_again_;
  std::vector<Held> held_;
};

}  // namespace nsobs
