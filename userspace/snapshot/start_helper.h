// Snapshotter::Start with the options that tests need.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "userspace/snapshot/helper.h"
#include "userspace/snapshot/snapshotter.h"

namespace nsobs {

absl::StatusOr<std::unique_ptr<Snapshotter>> StartSnapshotter(const HelperOptions& options,
                                                              SnapshotterOptions more = {});

}  // namespace nsobs
