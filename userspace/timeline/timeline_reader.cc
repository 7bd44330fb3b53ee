#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

absl::StatusOr<std::unique_ptr<TimelineReader>> TimelineReader::Open(const std::string&) {
  return absl::UnimplementedError("timeline");
}

}  // namespace nsobs
