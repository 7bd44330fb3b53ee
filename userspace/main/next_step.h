// Errors as a newcomer meets them: the same one line, with what to do next.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// Of a query of the timeline: NOT_FOUND for a container gets the name that was most likely meant,
// and where all of them are listed. Other errors stay as they are.
absl::Status WithNearContainer(const absl::Status& status, const std::string& container,
                               TimelineReader& reader);

// PERMISSION_DENIED of anybody but root says that root may.
absl::Status WithSudo(const absl::Status& status);

}  // namespace nsobs
