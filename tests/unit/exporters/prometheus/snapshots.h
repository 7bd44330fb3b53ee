// Snapshots for the exporter's tests.
#pragma once

#include <string>

#include "userspace/event/metrics_snapshot.h"

namespace nsobs::testing {

// A container of docker that is alive; `id` "" makes one from the name.
ContainerRef MakeContainer(const std::string& name, const std::string& id = "",
                           int64_t started_boot_ns = 1000);
// The same container as `container`, dead.
ContainerRef Dead(const ContainerRef& container);

CounterOwner Host();
CounterOwner Of(const ContainerRef& container);
CounterOwner Overflow();

ConnectFailureCount Refused(const CounterOwner& owner, uint64_t value);

// At least one sample for every family of the catalog.
MetricsSnapshot FullSnapshot();

}  // namespace nsobs::testing
