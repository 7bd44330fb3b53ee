// The last events, so that a snapshot can carry the seconds before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/time/time.h"
#include "userspace/event/anomaly.h"

namespace nsobs {

// One thread: the pipeline's. Holds at most `capacity` events, whoever made them: a flood shortens
// the memory, it doesn't grow it.
class FlightRecorder {
 public:
  explicit FlightRecorder(size_t capacity = 512) : capacity_(capacity) {}

  void Add(const ObservedEvent& event);

  // The events of the `window` before the anomaly that concern its container: its own, and signals
  // and entries that came out of it or went into it; oldest first, the newest `limit` of them.
  // Those that made the rule fire are left out, for the anomaly has them.
  std::vector<ObservedEvent> Before(const Anomaly& anomaly,
                                    absl::Duration window = absl::Seconds(30),
                                    size_t limit = 48) const;

 private:
  const size_t capacity_;
  std::deque<ObservedEvent> events_;
};

}  // namespace nsobs
