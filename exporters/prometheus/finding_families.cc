#include "exporters/prometheus/finding_families.h"

#include <map>
#include <tuple>

#include "exporters/prometheus/owner_labels.h"

namespace nsobs {
namespace {

constexpr size_t kMaxActive = 1000;

OwnerLabels LabelsOfOwner(const ContainerRef& container) {
  return container == nullptr ? HostLabels() : LabelsOf(*container);
}

void AddActive(const std::vector<ActiveFinding>& active, Page& page) {
  std::map<std::tuple<LabelText, OwnerLabels, LabelText>, bool>
      shown;  // two containers may share a name
  for (const ActiveFinding& finding : active) {
    if (shown.size() >= kMaxActive) break;
    shown[{LabelText(finding.case_id), LabelsOfOwner(finding.container),
           LabelText(Name(finding.confidence))}] = true;
  }
  for (const auto& [key, on] : shown) {
    const auto& [case_id, owner, confidence] = key;
    page.Add(Family::kFindingActive,
             {case_id, owner.container, owner.pod, owner.pod_namespace, confidence}, on ? 1 : 0);
  }
  page.Add(Family::kFindingsActive, {}, static_cast<double>(active.size()));
}

}  // namespace

void AddAnomalies(const std::vector<AnomalyCount>& anomalies, Page& page) {
  for (const AnomalyCount& rule : anomalies) {
    page.Add(Family::kAnomalies, {LabelText(rule.rule)}, static_cast<double>(rule.fired));
    for (const auto& [cause, count] : rule.suppressed) {
      page.Add(Family::kAnomaliesSuppressed, {LabelText(rule.rule), LabelText(cause)},
               static_cast<double>(count));
    }
  }
}

void AddInvestigations(const InvestigationCounts& counts, Page& page) {
  for (const auto& [case_id, count] : counts.findings) {
    page.Add(Family::kFindings, {LabelText(case_id)}, static_cast<double>(count));
  }
  AddActive(counts.active, page);
  page.Add(Family::kSnapshots, {LabelText("taken")}, static_cast<double>(counts.snapshots_taken));
  page.Add(Family::kSnapshots, {LabelText("failed")}, static_cast<double>(counts.snapshots_failed));
  for (const auto& [cause, count] : counts.snapshots_suppressed) {
    page.Add(Family::kSnapshotsSuppressed, {LabelText(cause)}, static_cast<double>(count));
  }
  page.Add(Family::kSnapshotSeconds, {}, counts.snapshot_seconds);
  page.Add(Family::kSnapshotHelperRestarts, {}, static_cast<double>(counts.helper_restarts));
}

}  // namespace nsobs
