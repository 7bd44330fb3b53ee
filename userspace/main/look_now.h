// Looks into a target of this host and hands the record to the daemon, if one runs.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/config/config.h"
#include "userspace/main/console.h"
#include "userspace/main/stages.h"
#include "userspace/snapshot/request.h"

namespace nsobs {

struct Looked {
  Json record;
  Json container;     // the shape of an event's, or null
  std::string title;  // of the target
};

// Forks, so that the caller's must be the only thread.
absl::StatusOr<Looked> LookNow(const Config& config, const std::string& target,
                               std::vector<Section> sections, const Stages& stages);

// Says on `err` where it was stored, or that and why it was not. `findings` in the shape of the
// contract.
void StoreLook(const Config& config, const Looked& looked, const Json& findings, bool baseline,
               const Console& console);

}  // namespace nsobs
