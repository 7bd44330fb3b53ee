#include "exporters/prometheus/agent_families.h"

#include <algorithm>
#include <map>
#include <utility>

namespace nsobs {
namespace {

// The budget is that of the bulk ring; state is kept for connects in flight; what userspace makes
// itself passes no ring.
constexpr std::pair<EventKind, std::string_view> kKnownLosses[] = {
    {EventKind::kNamespaceChange, "ring_full"},
    {EventKind::kNamespaceChange, "queue_full"},
    {EventKind::kNamespaceChange, "storage_error"},
    {EventKind::kConnectFailure, "ring_full"},
    {EventKind::kConnectFailure, "budget"},
    {EventKind::kConnectFailure, "state_full"},
    {EventKind::kConnectFailure, "queue_full"},
    {EventKind::kConnectFailure, "storage_error"},
    {EventKind::kSignal, "ring_full"},
    {EventKind::kSignal, "budget"},
    {EventKind::kSignal, "queue_full"},
    {EventKind::kSignal, "storage_error"},
    {EventKind::kOomKill, "ring_full"},
    {EventKind::kOomKill, "queue_full"},
    {EventKind::kOomKill, "storage_error"},
    {EventKind::kContainerStart, "queue_full"},
    {EventKind::kContainerStart, "storage_error"},
    {EventKind::kContainerExit, "queue_full"},
    {EventKind::kContainerExit, "storage_error"},
    {EventKind::kPacketDrop, "ring_full"},
    {EventKind::kPacketDrop, "budget"},
    {EventKind::kPacketDrop, "queue_full"},
    {EventKind::kPacketDrop, "storage_error"},
    {EventKind::kBindFailure, "ring_full"},
    {EventKind::kBindFailure, "budget"},
    {EventKind::kBindFailure, "queue_full"},
    {EventKind::kBindFailure, "storage_error"},
    {EventKind::kFileFailure, "ring_full"},
    {EventKind::kFileFailure, "budget"},
    {EventKind::kFileFailure, "queue_full"},
    {EventKind::kFileFailure, "storage_error"},
    {EventKind::kDnsFailure, "ring_full"},
    {EventKind::kDnsFailure, "budget"},
    {EventKind::kDnsFailure, "state_full"},
    {EventKind::kDnsFailure, "queue_full"},
    {EventKind::kDnsFailure, "storage_error"},
};

constexpr std::string_view kEngines[] = {"docker", "podman", "containerd", "crio"};
constexpr std::string_view kEngineResults[] = {"ok", "not_found", "timeout", "refused",
                                               "bad_answer"};

struct LedgerSum {
  uint64_t observed = 0;
  uint64_t recorded = 0;
  uint64_t coalesced = 0;
  std::map<LabelText, uint64_t> lost;
};

std::map<EventKind, LedgerSum> SumUp(const std::vector<LedgerLine>& ledger) {
  std::map<EventKind, LedgerSum> sums;
  for (const auto& [kind, cause] : kKnownLosses) sums[kind].lost[LabelText(cause)] = 0;
  for (const LedgerLine& line : ledger) {
    LedgerSum& sum = sums[line.kind];
    sum.observed += line.observed;
    sum.recorded += line.recorded;
    sum.coalesced += line.coalesced;
    for (const auto& [cause, count] : line.lost) sum.lost[LabelText(cause)] += count;
  }
  return sums;
}

}  // namespace

void AddLedger(const std::vector<LedgerLine>& ledger, Page& page) {
  for (const auto& [kind, sum] : SumUp(ledger)) {
    const LabelText name(Name(kind));
    page.Add(Family::kEventsObserved, {name}, sum.observed);
    page.Add(Family::kEventsRecorded, {name}, sum.recorded);
    page.Add(Family::kEventsCoalesced, {name}, sum.coalesced);
    for (const auto& [cause, count] : sum.lost) {
      page.Add(Family::kEventsLost, {name, cause}, count);
    }
  }
}

void AddProbes(const std::vector<ProbeState>& probes, Page& page) {
  std::map<std::pair<LabelText, LabelText>, bool> attached;
  for (const ProbeState& probe : probes) {
    attached[{LabelText(probe.source), LabelText(probe.hook)}] |= probe.attached;
  }
  for (const auto& [labels, on] : attached) {
    page.Add(Family::kProbeInfo, {labels.first, labels.second}, on ? 1 : 0);
  }
  uint32_t cpus_tried = 0;
  std::map<LabelText, uint32_t> silent_cpus;
  for (const ProbeState& probe : probes) {
    if (probe.cpus_tried == 0) continue;
    cpus_tried = std::max(cpus_tried, probe.cpus_tried);
    uint32_t& cpus = silent_cpus[LabelText(probe.source)];
    cpus = std::max(cpus, probe.silent_cpus);
  }
  for (const auto& [source, cpus] : silent_cpus) {
    page.Add(Family::kProbeSilent, {source}, cpus != 0 ? 1 : 0);
    page.Add(Family::kProbeSilentCpus, {source}, cpus);
  }
  page.Add(Family::kHeartbeatCpus, {}, cpus_tried);
}

void AddEngines(const EngineCounts& engines, Page& page) {
  if (!engines.asked) return;
  std::map<std::pair<LabelText, LabelText>, uint64_t> requests;
  for (const std::string_view engine : kEngines) {
    for (const std::string_view result : kEngineResults) {
      requests[{LabelText(engine), LabelText(result)}] = 0;
    }
  }
  for (const EngineRequestCount& count : engines.requests) {
    requests[{LabelText(count.engine), LabelText(count.result)}] += count.value;
  }
  for (const auto& [labels, value] : requests) {
    page.Add(Family::kEngineRequests, {labels.first, labels.second}, value);
  }
  std::map<std::pair<LabelText, LabelText>, bool> open;
  for (const EngineState& state : engines.engines) {
    open[{LabelText(state.engine), LabelText(state.socket)}] |= state.breaker_open;
  }
  for (const auto& [labels, is_open] : open) {
    page.Add(Family::kEngineBreakerOpen, {labels.first, labels.second}, is_open ? 1 : 0);
  }
}

void AddOtlp(const OtlpCounts& otlp, Page& page) {
  if (!otlp.on) return;
  const std::pair<Family, const std::map<std::string, uint64_t>*> counts[] = {
      {Family::kOtlpRecordsSent, &otlp.sent},
      {Family::kOtlpRecordsLost, &otlp.lost},
      {Family::kOtlpRequests, &otlp.requests}};
  for (const auto& [family, values] : counts) {
    for (const auto& [label, value] : *values) page.Add(family, {LabelText(label)}, value);
  }
  page.Add(Family::kOtlpSentBytes, {}, otlp.sent_bytes);
  page.Add(Family::kOtlpRewinds, {}, otlp.rewinds);
  page.Add(Family::kOtlpLag, {}, otlp.lag_seconds);
}

void AddHelpers(const std::vector<HelperRestartCount>& helpers, Page& page) {
  std::map<std::pair<LabelText, LabelText>, uint64_t> sums;
  for (const HelperRestartCount& count : helpers) {
    sums[{LabelText(count.process), LabelText(count.reason)}] += count.value;
  }
  for (const auto& [labels, value] : sums) {
    page.Add(Family::kHelperRestarts, {labels.first, labels.second}, value);
  }
}

void AddHandovers(const HandoverCounts& counts, Page& page) {
  page.Add(Family::kHandovers, {LabelText("adopted")}, static_cast<double>(counts.adopted));
  page.Add(Family::kHandovers, {LabelText("refused")}, static_cast<double>(counts.refused));
}

void AddBudget(const BudgetState& budget, Page& page) {
  page.Add(Family::kBudgetCpu, {LabelText("processes")}, budget.processes);
  page.Add(Family::kBudgetCpu, {LabelText("programs")}, budget.programs);
  page.Add(Family::kBudgetCpuMax, {}, budget.limit);
  page.Add(Family::kBudgetLevel, {}, budget.level);
  page.Add(Family::kBudgetShedSeconds, {}, budget.shed_seconds);
}

void AddPrograms(const std::vector<ProgramCost>& programs, Page& page) {
  std::map<LabelText, ProgramCost> sums;
  for (const ProgramCost& program : programs) {
    ProgramCost& sum = sums[LabelText(program.program)];
    sum.run_time_ns += program.run_time_ns;
    sum.run_count += program.run_count;
    sum.recursion_misses += program.recursion_misses;
    if (program.probe_misses)
      sum.probe_misses = sum.probe_misses.value_or(0) + *program.probe_misses;
  }
  for (const auto& [name, sum] : sums) {
    page.Add(Family::kProgramRunSeconds, {name}, static_cast<double>(sum.run_time_ns) / 1e9);
    page.Add(Family::kProgramRuns, {name}, sum.run_count);
    page.Add(Family::kProgramRecursionMisses, {name}, sum.recursion_misses);
    if (sum.probe_misses) page.Add(Family::kProgramProbeMisses, {name}, *sum.probe_misses);
  }
}

void AddHealth(const AgentHealth& health, Page& page) {
  page.Add(Family::kBuildInfo,
           {LabelText(health.version), LabelText(health.revision), LabelText(health.kernel)}, 1);
  const std::pair<Family, double> values[] = {
      {Family::kStorageUp, health.storage_ok ? 1 : 0},
      {Family::kLastCommitAge, health.last_commit_age_seconds},
      {Family::kDatabaseBytes, health.database_bytes},
      {Family::kQueueLength, health.queue_length},
      {Family::kQueueCapacity, health.queue_capacity},
      {Family::kKernelMapEntries, health.counter_keys},
      {Family::kKernelMapEntriesMax, health.counter_capacity},
      {Family::kContextRecords, health.context_records},
      {Family::kMalformedRecords, health.malformed_records},
      {Family::kBarrierTimeouts, health.barrier_timeouts},
      {Family::kProcessStartTime, health.start_time_seconds},
      {Family::kProcessCpuSeconds, health.cpu_seconds},
      {Family::kProcessResidentBytes, health.resident_bytes},
      {Family::kProcessOpenFds, health.open_fds},
      {Family::kProcessThreads, health.threads},
  };
  for (const auto& [family, value] : values) page.Add(family, {}, value);
}

}  // namespace nsobs
