// The families that say how the observer itself is: ledger, probes, costs, health.
#pragma once

#include "exporters/prometheus/page.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// Kinds that the timeline keeps are there from the start, with every cause that they can be lost
// by.
void AddLedger(const std::vector<LedgerLine>& ledger, Page& page);
void AddProbes(const std::vector<ProbeState>& probes, Page& page);
// With every kind of engine and every result from the start, if engines are asked at all.
void AddEngines(const EngineCounts& engines, Page& page);
// Nothing where nothing is sent.
void AddOtlp(const OtlpCounts& otlp, Page& page);
void AddHelpers(const std::vector<HelperRestartCount>& helpers, Page& page);
void AddHandovers(const HandoverCounts& counts, Page& page);
void AddBudget(const BudgetState& budget, Page& page);
void AddPrograms(const std::vector<ProgramCost>& programs, Page& page);
void AddHealth(const AgentHealth& health, Page& page);

}  // namespace nsobs
