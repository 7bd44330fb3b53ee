// The families that say what was looked into and what is wrong.
#pragma once

#include <vector>

#include "exporters/prometheus/page.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// Rules are there from the start; at most 1,000 active findings are shown, and how many there are.
void AddAnomalies(const std::vector<AnomalyCount>& anomalies, Page& page);
void AddInvestigations(const InvestigationCounts& counts, Page& page);

}  // namespace nsobs
