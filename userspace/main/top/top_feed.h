// Keeps a TopStore up to date with the timeline.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "userspace/base/clock.h"
#include "userspace/main/top/top_store.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// Not thread-safe. Reads what is new by id, and once a second what grew and who beats; where
// nothing is new, that is a few look-ups in an index.
class TopFeed {
 public:
  // Both outlive it.
  TopFeed(TimelineReader* reader, const Clock* clock) : reader_(reader), clock_(clock) {}

  // Reads on. `changed`: the store is not as it was. UNAVAILABLE: the file is busy just now; what
  // is damaged in it is left out silently, as it can't be mended from here.
  absl::Status Look(int64_t window_ns, TopStore* store, bool* changed);

  // The next Look() reads the whole window anew.
  void Restart() { loaded_ = false; }

 private:
  absl::Status Load(int64_t since_wall_ns, TopStore* store);
  absl::Status ReadNewer(int64_t since_wall_ns, TopStore* store, bool* changed);
  absl::Status ReadSlow(int64_t now, int64_t since_wall_ns, TopStore* store, bool* changed);
  absl::Status ReadEvents(EventQuery query, TopStore* store, bool* changed);
  absl::Status ReadFindings(int64_t since_wall_ns, TopStore* store, bool* changed);

  TimelineReader* const reader_;
  const Clock* const clock_;
  bool loaded_ = false;
  int64_t last_event_id_ = 0;
  int64_t last_finding_id_ = 0;
  int64_t slow_boot_ns_ = 0;        // when last was read what changes without an id
  int64_t containers_boot_ns_ = 0;  // when the containers were
};

}  // namespace nsobs
