// Renders a MetricsSnapshot as the Prometheus text format (0.0.4) under a hard budget of series.
#pragma once

#include <memory>
#include <string>

#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

struct PrometheusOptions {
  // Budget for series that carry a container, all families together. At least 64.
  size_t max_series = 10000;
};

// Thread-safe: one mutex, held while rendering. Every string that it did not make itself goes out
// through ForLabel().
//
// What it needs of the snapshots, to be exact (see README.md):
//  - values are totals; a count keeps its owner from one snapshot to the next;
//  - a container that died stands, with its counts, in at least one snapshot after its death.
class PrometheusExporter {
 public:
  explicit PrometheusExporter(PrometheusOptions options);
  ~PrometheusExporter();
  PrometheusExporter(const PrometheusExporter&) = delete;
  PrometheusExporter& operator=(const PrometheusExporter&) = delete;

  // Has an effect: containers that are dead in `snapshot` are shown for the last time.
  std::string Render(const MetricsSnapshot& snapshot);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace nsobs
