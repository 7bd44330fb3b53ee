// Puts together what event/SNAPSHOT.md describes: why it was looked, at whom, what happened before,
// who else is there; and what to ask the snapshotter for. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "userspace/correlation/inventory.h"
#include "userspace/event/anomaly.h"
#include "userspace/snapshot/request.h"

namespace nsobs {

// For the trigger's container and subject. The target is the subject while it lives, else the
// container's init. `net_fd` is borrowed until the snapshot was taken.
SnapshotRequest MakeRequest(const Anomaly& anomaly, const Inventory& inventory, int net_fd);

// The record without the sections.
nlohmann::ordered_json MakeRecord(const Anomaly& anomaly, const std::vector<ObservedEvent>& before,
                                  const Inventory& inventory);

// Moves the snapshotter's sections, errors and figures into the record.
void AddSections(nlohmann::ordered_json sections, nlohmann::ordered_json* record);

}  // namespace nsobs
