#include "exporters/prometheus/example_queries.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

struct Example {
  Family family;
  std::string_view query;
};

// Only where there is more to ask than the increase of a counter or the value of a gauge.
constexpr Example kExamples[] = {
    {Family::kConnectFailures,
     "topk(5, sum by (container, errno) (increase(nsobserver_connect_failures_total[5m])))"},
    {Family::kSignals,
     "sum by (container) (increase(nsobserver_signals_total{signal=\"SIGTERM\","
     "result=\"ignored\"}[1h]))"},
    {Family::kNamespaceChanges,
     "sum by (container, kind) (increase(nsobserver_namespace_changes_total{operation=\"setns\"}"
     "[1h]))"},
    {Family::kTcpConnects,
     "sum by (container) (rate(nsobserver_tcp_connects_total{outcome=\"failed\"}[5m])) / "
     "sum by (container) (rate(nsobserver_tcp_connects_total[5m]))"},
    {Family::kTcpConnectAttempts,
     "sum by (container) (rate(nsobserver_tcp_connect_attempts_total[5m]))"},
    {Family::kTcpConnectsInFlight, "sum by (container) (nsobserver_tcp_connects_in_flight) > 0"},
    {Family::kDnsFailures,
     "topk(5, sum by (container, outcome) (increase(nsobserver_dns_failures_total[5m])))"},
    {Family::kContainerInfo,
     "sum by (container) (increase(nsobserver_connect_failures_total[5m])) * on (container) "
     "group_left (image, runtime, netns) nsobserver_container_info"},
    {Family::kEventsObserved, "sum by (kind) (rate(nsobserver_events_observed_total[5m]))"},
    {Family::kEventsCoalesced,
     "sum(rate(nsobserver_events_coalesced_total[5m])) / "
     "sum(rate(nsobserver_events_observed_total[5m]))"},
    {Family::kEventsLost,
     "sum by (instance, kind, cause) "
     "(increase(nsobserver_events_lost_total[10m])) > 0"},
    {Family::kAnomaliesSuppressed,
     "sum by (rule) (increase(nsobserver_anomalies_suppressed_total{cause!=\"repeat\"}[1h])) > 0"},
    {Family::kFindings, "sum by (case) (increase(nsobserver_findings_total[24h])) > 0"},
    {Family::kFindingActive,
     "count by (case, container) (nsobserver_finding_active{confidence!=\"unknown\"} == 1)"},
    {Family::kSnapshots, "sum(increase(nsobserver_snapshots_total{result=\"failed\"}[1h]))"},
    {Family::kSnapshotSeconds,
     "rate(nsobserver_snapshot_duration_seconds_total[1h]) / ignoring (result) "
     "rate(nsobserver_snapshots_total{result=\"taken\"}[1h])"},
    {Family::kEngineRequests,
     "sum by (engine, result) "
     "(increase(nsobserver_engine_requests_total{result!=\"ok\",result!=\"not_found\"}"
     "[1h])) > 0"},
    {Family::kEngineBreakerOpen, "nsobserver_engine_breaker_open > 0"},
    {Family::kProbeInfo, "nsobserver_probe_info == 0"},
    {Family::kProbeSilent, "nsobserver_probe_silent > 0"},
    {Family::kProbeSilentCpus, "nsobserver_probe_silent_cpus > 0"},
    {Family::kHeartbeatCpus, "nsobserver_heartbeat_cpus"},
    {Family::kHelperRestarts,
     "sum by (process, reason) (increase(nsobserver_helper_restarts_total[1h])) > 0"},
    {Family::kHandovers, "sum by (result) (nsobserver_handovers_total)"},
    {Family::kBudgetCpu, "sum by (instance) (nsobserver_budget_cpu_ratio)"},
    {Family::kBudgetLevel, "nsobserver_budget_level > 0"},
    {Family::kBudgetShedSeconds, "increase(nsobserver_budget_shed_seconds_total[1h]) > 0"},
    {Family::kBuildInfo, "count by (version, kernel) (nsobserver_build_info)"},
    {Family::kProgramRunSeconds,
     "sum by (program) (rate(nsobserver_program_run_seconds_total[5m]))"},
    {Family::kProgramRuns,
     "rate(nsobserver_program_run_seconds_total[5m]) / rate(nsobserver_program_runs_total[5m])"},
    {Family::kProgramProbeMisses,
     "sum by (program) (increase(nsobserver_program_probe_misses_total[5m])) > 0"},
    {Family::kStorageUp, "nsobserver_storage_up == 0"},
    {Family::kLastCommitAge, "nsobserver_last_commit_age_seconds > 60"},
    {Family::kDatabaseBytes, "deriv(nsobserver_database_size_bytes[1h])"},
    {Family::kQueueLength, "nsobserver_queue_length / nsobserver_queue_capacity"},
    {Family::kKernelMapEntries,
     "nsobserver_kernel_map_entries / nsobserver_kernel_map_entries_max"},
    {Family::kContainers, "sum(nsobserver_containers)"},
    {Family::kContainersFolded, "nsobserver_containers_folded > 0"},
    {Family::kContainerSeries, "nsobserver_container_series / nsobserver_container_series_max"},
    {Family::kProcessStartTime, "time() - nsobserver_process_start_time_seconds"},
    {Family::kProcessCpuSeconds, "rate(nsobserver_process_cpu_seconds_total[5m])"},
};

bool IsOwner(std::string_view label) { return label == "pod" || label == "pod_namespace"; }

}  // namespace

std::string ExampleQuery(const FamilyInfo& info) {
  const auto row = std::find_if(std::begin(kExamples), std::end(kExamples),
                                [&](const Example& e) { return e.family == info.family; });
  if (row != std::end(kExamples)) return std::string(row->query);
  const std::string name(info.name);
  if (info.kind == MetricKind::kGauge) return name;
  std::string by;
  for (std::string_view label : info.labels()) {
    if (IsOwner(label)) continue;
    absl::StrAppend(&by, by.empty() ? "" : ", ", std::string(label));
  }
  if (by.empty()) return absl::StrCat("increase(", name, "[5m])");
  return absl::StrCat("sum by (", by, ") (increase(", name, "[5m]))");
}

}  // namespace nsobs
