// Which of the events that were shown have grown since: a run of equal events is one row of the
// timeline, whose count goes up for a while.
#pragma once

#include <cstdint>
#include <map>

#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

class EventGrowth {
 public:
  // `event` was shown.
  void Note(const StoredEvent& event);

  // True if it was shown with a smaller count; the count of now is noted.
  bool Grew(const StoredEvent& event);

  // Where to look for what grew: the part of `all` that may have. False if nothing was shown yet.
  bool Narrow(EventQuery* all) const;

  void Clear() { counts_.clear(); }

 private:
  std::map<int64_t, int64_t> counts_;  // by id; the newest that were shown
  int64_t last_wall_ns_ = 0;           // the latest that any of them was seen to reach
};

}  // namespace nsobs
