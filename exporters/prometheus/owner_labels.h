// The labels by which a series says whose it is: pure functions of the container.
#pragma once

#include "exporters/prometheus/label_text.h"
#include "userspace/event/container.h"

namespace nsobs {

struct OwnerLabels {
  LabelText container;
  LabelText pod;
  LabelText pod_namespace;

  friend auto operator<=>(const OwnerLabels&, const OwnerLabels&) = default;
};

// Containers of equal name and pod get equal labels; their series are summed. Beyond that no two
// names meet: one that had to be cut or cleaned gets its id appended ("we~7c75f0aa1b2c"), and one
// that reads like ours below gets " (container)" appended.
OwnerLabels LabelsOf(const Container& container);

OwnerLabels HostLabels();   // container="host"
OwnerLabels OtherLabels();  // container="(other)": what the budget has no series of its own for

}  // namespace nsobs
