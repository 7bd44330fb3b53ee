// How far the timeline was sent. Ids of a timeline are never used again.
#pragma once

#include <cstdint>

namespace nsobs {

// All rows up to these ids were sent, in the state that they had at `grown_since_wall_ns`: later
// growth of theirs (an event's count) is yet to be looked for. 0: nothing was.
struct OtlpCursor {
  int64_t event_id = 0;
  int64_t finding_id = 0;
  int64_t snapshot_id = 0;
  int64_t grown_since_wall_ns = 0;

  friend bool operator==(const OtlpCursor&, const OtlpCursor&) = default;
};

}  // namespace nsobs
