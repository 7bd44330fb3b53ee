// The one place where metrics are defined: a row here, a line where its values come from, and the
// table in README.md, which a test compares with this one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace nsobs {

enum class Family : uint8_t {
  // By container, under the series budget.
  kConnectFailures,
  kSignals,
  kOomKills,
  kNamespaceChanges,
  kTcpConnects,
  kTcpConnectAttempts,
  kTcpConnectsInFlight,
  kContainerEventsLost,
  kPacketDrops,
  kBindFailures,
  kFileFailures,
  kDnsFailures,
  kDnsAnswers,
  kContainerInfo,
  // Of the host as a whole.
  kNamespaceChangeFailures,
  kSignalsTaken,
  kEventsObserved,
  kEventsRecorded,
  kEventsCoalesced,
  kEventsLost,
  // What was looked into and what is wrong.
  kAnomalies,
  kAnomaliesSuppressed,
  kFindings,
  kFindingActive,
  kFindingsActive,
  kSnapshots,
  kSnapshotsSuppressed,
  kSnapshotSeconds,
  kSnapshotHelperRestarts,
  kEngineRequests,
  kEngineBreakerOpen,
  // Of sending the timeline.
  kOtlpRecordsSent,
  kOtlpRecordsLost,
  kOtlpRequests,
  kOtlpSentBytes,
  kOtlpRewinds,
  kOtlpLag,
  // Of the observer itself.
  kProbeInfo,
  kProbeSilent,
  kProbeSilentCpus,
  kHeartbeatCpus,
  kHelperRestarts,
  kHandovers,
  kBudgetCpu,
  kBudgetCpuMax,
  kBudgetLevel,
  kBudgetShedSeconds,
  kBuildInfo,
  kProgramRunSeconds,
  kProgramRuns,
  kProgramRecursionMisses,
  kProgramProbeMisses,
  kStorageUp,
  kLastCommitAge,
  kDatabaseBytes,
  kQueueLength,
  kQueueCapacity,
  kKernelMapEntries,
  kKernelMapEntriesMax,
  kContextRecords,
  kMalformedRecords,
  kBarrierTimeouts,
  kContainers,
  kContainersFolded,
  kContainerSeries,
  kContainerSeriesMax,
  kProcessStartTime,
  kProcessCpuSeconds,
  kProcessResidentBytes,
  kProcessOpenFds,
  kProcessThreads,
};
inline constexpr size_t kFamilyCount = static_cast<size_t>(Family::kProcessThreads) + 1;

enum class MetricKind : uint8_t { kCounter, kGauge };

struct FamilyInfo {
  static constexpr size_t kMaxLabels = 14;

  Family family;
  MetricKind kind;
  std::string_view name;
  std::string_view help;  // without backslashes and line ends: it goes out as it stands
  std::array<std::string_view, kMaxLabels> label_names = {};  // the rest is ""

  std::span<const std::string_view> labels() const;
  // Its series belong to a container, the host or "(other)", and count against the budget.
  bool owned() const { return family < Family::kNamespaceChangeFailures; }
};

// In the order of the enum.
const std::array<FamilyInfo, kFamilyCount>& Catalog();
const FamilyInfo& Info(Family family);

}  // namespace nsobs
