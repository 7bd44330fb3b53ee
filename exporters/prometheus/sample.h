// The counts of a snapshot as one flat list. Label values come from closed sets: whatever else a
// container provokes (an errno that seccomp made up) is "other".
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "exporters/prometheus/catalog.h"
#include "exporters/prometheus/label_text.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// Which series of its owner. `a` and `b` are the numbers of the two labels beyond the owner's.
struct SampleKey {
  Family family = Family::kConnectFailures;
  uint16_t a = 0;
  uint16_t b = 0;

  friend auto operator<=>(const SampleKey&, const SampleKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const SampleKey& k) {
    return H::combine(std::move(h), k.family, k.a, k.b);
  }
};

// Stands for all series of one family where even "(other)" has no room left.
SampleKey CoarseKey(Family family);

// The label values beyond the owner's, in the catalog's order.
std::vector<LabelText> ValuesOf(const SampleKey& key);

using SampleVisitor = std::function<void(const CounterOwner&, const SampleKey&, uint64_t value)>;
// One owner and key can come more than once: then they add up.
void ForEachSample(const MetricsSnapshot& snapshot, const SampleVisitor& visit);

// What the host and each container show from the start with 0, so that the first failure is an
// increase that rate() and increase() see. Every name costs series for each container: so only
// what alerts are commonly written on, and what must add up.
std::span<const SampleKey> InitialKeys();

}  // namespace nsobs
