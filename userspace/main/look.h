// A look into the namespaces of a target, now and by hand: what to ask for, and the record made of
// the answer. Pure.
#pragma once

#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/main/json_field.h"
#include "userspace/main/live_target.h"
#include "userspace/snapshot/request.h"

namespace nsobs {

// The sections that explain these kinds of namespaces; of every kind if there are none.
std::vector<Section> SectionsOf(const std::vector<NamespaceKind>& kinds);

// `live` outlives the request.
SnapshotRequest RequestFor(const LiveTarget& live, const Inventory& inventory,
                           std::vector<Section> sections);

// The whole record of event/SNAPSHOT.md, with trigger null, around what the snapshotter gave.
Json CompleteRecord(const Json& taken, const LiveTarget& live, const Inventory& inventory,
                    const Clock& clock);

}  // namespace nsobs
