// What runs on this host right now, found by the command line itself, without the daemon.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "userspace/base/clock.h"
#include "userspace/config/config.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {

// The part of the configuration that names containers.
CorrelatorOptions CorrelatorOptionsOf(const Config& config);

// PERMISSION_DENIED ("needs root: ...") if the namespaces of other users' processes can't be read.
absl::StatusOr<std::shared_ptr<const Inventory>> ScanThisHost(const Config& config,
                                                              const Clock* clock);

// The same without the demand for root: of the processes of others less is then known. Who runs
// rootless containers can name and enter their own.
absl::StatusOr<std::shared_ptr<const Inventory>> ScanForEntry(const Config& config,
                                                              const Clock* clock);

}  // namespace nsobs
