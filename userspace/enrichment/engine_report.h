// Which engines there are, and whether they answer: what `doctor` shows.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/enrichment/engine_socket.h"

namespace nsobs {

struct EngineReport {
  EngineSocket socket;
  absl::StatusOr<std::string> answer;  // its version
};

// Asks each engine that is found once; takes one deadline for each that hangs.
std::vector<EngineReport> CheckEngines(absl::Duration deadline);

}  // namespace nsobs
