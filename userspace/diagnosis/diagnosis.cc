#include "userspace/diagnosis/diagnosis.h"

#include <algorithm>
#include <string>

#include "userspace/diagnosis/case_list.h"
#include "userspace/diagnosis/changes.h"
#include "userspace/diagnosis/record.h"

namespace nsobs {
namespace {

constexpr size_t kMostFindings = 3;

bool Has(const std::vector<Finding>& findings, const std::string& case_id) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& f) { return f.case_id == case_id; });
}

// Each once, in the order of the list.
std::vector<std::string> Checked(const Record& record) {
  std::vector<std::string> out;
  for (const CaseRow& row : CaseList()) {
    if (!row.IsFor(record)) continue;
    if (std::find(out.begin(), out.end(), row.id) == out.end()) out.emplace_back(row.id);
  }
  return out;
}

}  // namespace

std::vector<Finding> Diagnose(const nlohmann::ordered_json& json) {
  const Record record(json);
  std::vector<Finding> findings;
  for (const CaseRow& row : CaseList()) {
    if (!row.IsFor(record)) continue;
    MaybeFinding finding = row.find(record);
    if (finding && !Has(findings, finding->case_id)) findings.push_back(*std::move(finding));
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.confidence < b.confidence; });
  if (findings.size() > kMostFindings) findings.resize(kMostFindings);
  if (findings.empty() && !record.by_hand() && !record.is_info()) {
    if (MaybeFinding symptom = Symptom(record, Checked(record))) findings.push_back(*symptom);
  }
  for (Finding& finding : findings) AddChanges(record, &finding);
  return findings;
}

std::vector<std::string> CheckedCases(const nlohmann::ordered_json& json) {
  return Checked(Record(json));
}

}  // namespace nsobs
