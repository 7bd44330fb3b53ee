#include "userspace/event/finding.h"

#include "userspace/base/clock.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/anomaly.h"

namespace nsobs {

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kCritical:
      return "critical";
  }
  return "";
}

std::string_view Name(Confidence confidence) {
  switch (confidence) {
    case Confidence::kCertain:
      return "certain";
    case Confidence::kLikely:
      return "likely";
    case Confidence::kUnknown:
      return "unknown";
  }
  return "";
}

nlohmann::ordered_json ToJson(const Finding& finding, int64_t wall_ns,
                              const nlohmann::ordered_json& container) {
  using Json = nlohmann::ordered_json;
  Json evidence = Json::array();
  for (const Evidence& e : finding.evidence) {
    evidence.push_back(
        {{"claim", ToUtf8(e.claim)}, {"source", ToUtf8(e.source)}, {"value", e.value}});
  }
  return {{"time", FormatRfc3339(wall_ns)},
          {"case", finding.case_id},
          {"container", container},
          {"summary", ToUtf8(finding.summary)},
          {"confidence", Name(finding.confidence)},
          {"evidence", std::move(evidence)},
          {"fix", ToUtf8(finding.fix)},
          {"check", ToUtf8(finding.check)}};
}

}  // namespace nsobs
