#include "userspace/timeline/timeline.h"

namespace nsobs {

absl::StatusOr<std::unique_ptr<Timeline>> Timeline::Open(const TimelineOptions&, const Clock*,
                                                         TimelineOpenReport*) {
  return absl::UnimplementedError("timeline");
}

}  // namespace nsobs
