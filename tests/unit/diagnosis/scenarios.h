// Stored records with what is to be said of them: records/*.json.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/event/finding.h"

namespace nsobs {

struct Scenario {
  std::string name;
  std::string expect;        // "net-loopback certain": the first finding; "" none at all
  std::string near_miss_of;  // the scenario whose case this record only looks like
  nlohmann::ordered_json record;
};

// Of all files, near misses made from what they are near to.
const std::vector<Scenario>& Scenarios();
const Scenario& ScenarioNamed(std::string_view name);

// "net-loopback certain"
std::string CaseAndConfidence(const Finding& finding);

// Empty if every claim's source is in the record and its value is what stands there, or the length
// of a list that stands there.
std::string WrongEvidence(const Finding& finding, const nlohmann::ordered_json& record);

}  // namespace nsobs
