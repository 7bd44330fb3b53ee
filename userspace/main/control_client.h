// Asks a running daemon to keep something in the timeline, which it alone writes.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "userspace/main/json_field.h"

namespace nsobs {

// The daemon's answer to a request of pipeline/control_request.h. NOT_FOUND: no daemon runs with
// this storage path; any other error: it did not take it, and says why.
absl::StatusOr<Json> AskDaemon(const std::string& storage_path, const Json& request);

}  // namespace nsobs
