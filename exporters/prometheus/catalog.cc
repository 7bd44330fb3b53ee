#include "exporters/prometheus/catalog.h"

#include <algorithm>

namespace nsobs {
namespace {

constexpr MetricKind kCounter = MetricKind::kCounter;
constexpr MetricKind kGauge = MetricKind::kGauge;

constexpr std::array<FamilyInfo, kFamilyCount> kCatalog = {{
    {Family::kConnectFailures,
     kCounter,
     "nsobserver_connect_failures_total",
     "Connection attempts that failed, by protocol and errno; each attempt once, immediate or "
     "later.",
     {"container", "pod", "pod_namespace", "protocol", "errno"}},
    {Family::kSignals,
     kCounter,
     "nsobserver_signals_total",
     "Signals generated for a process of the container, by what became of them; 'ignored' is what "
     "a "
     "PID 1 without a handler does to SIGTERM.",
     {"container", "pod", "pod_namespace", "signal", "result"}},
    {Family::kOomKills,
     kCounter,
     "nsobserver_oom_kills_total",
     "Processes of the container killed for want of memory; reason says whose limit it was: its "
     "own "
     "cgroup's, an ancestor's, or the host's.",
     {"container", "pod", "pod_namespace", "reason"}},
    {Family::kNamespaceChanges,
     kCounter,
     "nsobserver_namespace_changes_total",
     "Namespaces that a process of the container entered (setns) or made (unshare, clone), one for "
     "each kind that changed.",
     {"container", "pod", "pod_namespace", "operation", "kind"}},
    {Family::kTcpConnects,
     kCounter,
     "nsobserver_tcp_connects_total",
     "TCP connection attempts that came to an end: established, failed, or abandoned (closed or "
     "killed while connecting).",
     {"container", "pod", "pod_namespace", "outcome"}},
    {Family::kTcpConnectAttempts,
     kCounter,
     "nsobserver_tcp_connect_attempts_total",
     "TCP connection attempts: the sum of nsobserver_tcp_connects_total over its outcomes and of "
     "nsobserver_tcp_connects_in_flight, at every scrape.",
     {"container", "pod", "pod_namespace"}},
    {Family::kTcpConnectsInFlight,
     kGauge,
     "nsobserver_tcp_connects_in_flight",
     "TCP connection attempts that have no outcome yet.",
     {"container", "pod", "pod_namespace"}},
    {Family::kContainerEventsLost,
     kCounter,
     "nsobserver_container_events_lost_total",
     "Events of the container that were counted but did not reach the timeline, by cause.",
     {"container", "pod", "pod_namespace", "kind", "cause"}},
    {Family::kContainerInfo,
     kGauge,
     "nsobserver_container_info",
     "1 for each container that runs, with what it is; the ...ns labels are the inodes under "
     "/proc/PID/ns of its init, empty where not known. To be joined on container.",
     {"container", "container_id", "runtime", "image", "pod", "pod_namespace", "cgroupns", "ipcns",
      "mntns", "netns", "pidns", "timens", "userns", "utsns"}},

    {Family::kNamespaceChangeFailures,
     kCounter,
     "nsobserver_namespace_change_failures_total",
     "setns, unshare and clone with namespace flags that returned an error.",
     {"operation", "errno"}},
    {Family::kSignalsTaken,
     kCounter,
     "nsobserver_signals_taken_total",
     "Signals that a thread took from its queue, by disposition (default, ignore, handler).",
     {"signal", "handler"}},
    {Family::kEventsObserved,
     kCounter,
     "nsobserver_events_observed_total",
     "Events that the kernel side saw: recorded + coalesced + lost, at every scrape.",
     {"kind"}},
    {Family::kEventsRecorded,
     kCounter,
     "nsobserver_events_recorded_total",
     "Events that have a row of their own in the timeline.",
     {"kind"}},
    {Family::kEventsCoalesced,
     kCounter,
     "nsobserver_events_coalesced_total",
     "Events that were added to the count of an equal row of the timeline.",
     {"kind"}},
    {Family::kEventsLost,
     kCounter,
     "nsobserver_events_lost_total",
     "Events that did not reach the timeline, by cause: ring_full, budget, state_full (kernel "
     "side), "
     "queue_full, storage_error (observer).",
     {"kind", "cause"}},

    {Family::kProbeInfo,
     kGauge,
     "nsobserver_probe_info",
     "1 if the source of events is attached to the hook, 0 if it is off; doctor says why.",
     {"source", "hook"}},
    {Family::kBuildInfo,
     kGauge,
     "nsobserver_build_info",
     "1, with what runs and on which kernel.",
     {"version", "revision", "kernel"}},
    {Family::kProgramRunSeconds,
     kCounter,
     "nsobserver_program_run_seconds_total",
     "Time spent in the BPF program, by the kernel's statistics; 0 unless "
     "kernel.bpf_stats_enabled.",
     {"program"}},
    {Family::kProgramRuns,
     kCounter,
     "nsobserver_program_runs_total",
     "Runs of the BPF program, by the kernel's statistics; 0 unless kernel.bpf_stats_enabled.",
     {"program"}},
    {Family::kProgramRecursionMisses,
     kCounter,
     "nsobserver_program_recursion_misses_total",
     "Runs that the kernel skipped because the program was running on that CPU already.",
     {"program"}},
    {Family::kStorageUp,
     kGauge,
     "nsobserver_storage_up",
     "1 if the timeline can be written, else 0.",
     {}},
    {Family::kLastCommitAge,
     kGauge,
     "nsobserver_last_commit_age_seconds",
     "Time since the timeline was last written durably.",
     {}},
    {Family::kDatabaseBytes,
     kGauge,
     "nsobserver_database_size_bytes",
     "Size of the timeline on disk, write-ahead log included.",
     {}},
    {Family::kQueueLength,
     kGauge,
     "nsobserver_queue_length",
     "Records that wait between the reader of the rings and the timeline.",
     {}},
    {Family::kQueueCapacity,
     kGauge,
     "nsobserver_queue_capacity",
     "Records that may wait before events are lost with the cause queue_full.",
     {}},
    {Family::kKernelMapEntries,
     kGauge,
     "nsobserver_kernel_map_entries",
     "Keys in the kernel's map of event counters.",
     {}},
    {Family::kKernelMapEntriesMax,
     kGauge,
     "nsobserver_kernel_map_entries_max",
     "Keys that the map can hold; beyond, events are counted under container (other).",
     {}},
    {Family::kContextRecords,
     kCounter,
     "nsobserver_context_records_total",
     "Records (exec, exit, cgroup) that were read to name containers and are not kept.",
     {}},
    {Family::kMalformedRecords,
     kCounter,
     "nsobserver_malformed_records_total",
     "Records of the rings that could not be decoded: 0 unless something is broken.",
     {}},
    {Family::kBarrierTimeouts,
     kCounter,
     "nsobserver_scrape_barrier_timeouts_total",
     "Scrapes that show the ledger of an earlier moment, since the current one took too long.",
     {}},
    {Family::kContainers,
     kGauge,
     "nsobserver_containers",
     "Containers and other owners of namespaces that run.",
     {}},
    {Family::kContainersFolded,
     kGauge,
     "nsobserver_containers_folded",
     "Containers that are shown as part of container (other), since the budget of series is spent.",
     {}},
    {Family::kContainerSeries,
     kGauge,
     "nsobserver_container_series",
     "Series that carry a container.",
     {}},
    {Family::kContainerSeriesMax,
     kGauge,
     "nsobserver_container_series_max",
     "The budget for series that carry a container.",
     {}},
    {Family::kProcessStartTime,
     kGauge,
     "nsobserver_process_start_time_seconds",
     "When the observer was started, in seconds since 1970 UTC.",
     {}},
    {Family::kProcessCpuSeconds,
     kCounter,
     "nsobserver_process_cpu_seconds_total",
     "CPU time of the observer, user and system.",
     {}},
    {Family::kProcessResidentBytes,
     kGauge,
     "nsobserver_process_resident_memory_bytes",
     "Resident memory of the observer.",
     {}},
    {Family::kProcessOpenFds,
     kGauge,
     "nsobserver_process_open_fds",
     "Open file descriptors of the observer.",
     {}},
    {Family::kProcessThreads, kGauge, "nsobserver_process_threads", "Threads of the observer.", {}},
}};

constexpr bool InOrder() {
  for (size_t i = 0; i < kFamilyCount; ++i) {
    if (kCatalog[i].family != static_cast<Family>(i)) return false;
  }
  return true;
}
static_assert(InOrder(), "the catalog is indexed by the enum");

}  // namespace

std::span<const std::string_view> FamilyInfo::labels() const {
  const auto end = std::find(label_names.begin(), label_names.end(), std::string_view());
  return {label_names.begin(), end};
}

const std::array<FamilyInfo, kFamilyCount>& Catalog() { return kCatalog; }

const FamilyInfo& Info(Family family) { return kCatalog[static_cast<size_t>(family)]; }

}  // namespace nsobs
