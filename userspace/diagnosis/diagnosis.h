// From a record (event/SNAPSHOT.md) to what is wrong. Pure: the same record gives the same
// findings, today and offline.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "userspace/event/finding.h"

namespace nsobs {

// The most probable cause first; empty when nothing can be said that is better than the symptom.
// Never fails: what is missing or malformed in the record makes a cause less certain or silent.
std::vector<Finding> Diagnose(const nlohmann::ordered_json& record);

// What Diagnose() looked for in this record, by case id, for "nothing wrong found".
std::vector<std::string> CheckedCases(const nlohmann::ordered_json& record);

}  // namespace nsobs
