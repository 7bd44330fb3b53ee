#include "tests/unit/diagnosis/scenarios.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

const Scenario* Find(const std::vector<Scenario>& scenarios, std::string_view name) {
  const auto found = std::find_if(scenarios.begin(), scenarios.end(),
                                  [&](const Scenario& s) { return s.name == name; });
  return found == scenarios.end() ? nullptr : &*found;
}

// {"name", "expect", "record"}, or {"name", "expect", "like" | "near_miss_of", "patch"} where the
// patch (RFC 7396) makes it of another scenario's record.
Scenario FromJson(const Json& json, const std::vector<Scenario>& before) {
  Scenario out{
      json.value("name", ""), json.value("expect", ""), json.value("near_miss_of", ""), {}};
  const std::string base = json.value("like", out.near_miss_of);
  if (base.empty()) {
    out.record = json["record"];
    return out;
  }
  const Scenario* origin = Find(before, base);
  if (origin == nullptr) {
    ADD_FAILURE() << out.name << " is made of " << base << ", which is not before it";
    return out;
  }
  out.record = origin->record;
  out.record.merge_patch(json["patch"]);
  return out;
}

std::vector<Scenario> Load() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(NSOBS_SOURCE_DIR) / "tests/unit/diagnosis/records")) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Scenario> out;
  for (const auto& path : paths) {
    std::ifstream in(path);
    const Json file = Json::parse(in, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(file.is_array()) << path;
    if (!file.is_array()) continue;
    for (const Json& scenario : file) out.push_back(FromJson(scenario, out));
  }
  return out;
}

}  // namespace

const std::vector<Scenario>& Scenarios() {
  static const auto& kScenarios = *new std::vector<Scenario>(Load());
  return kScenarios;
}

const Scenario& ScenarioNamed(std::string_view name) {
  const Scenario* found = Find(Scenarios(), name);
  EXPECT_NE(found, nullptr) << name;
  return found != nullptr ? *found : Scenarios().front();
}

std::string CaseAndConfidence(const Finding& finding) {
  return absl::StrCat(finding.case_id, " ", std::string(Name(finding.confidence)));
}

std::string WrongEvidence(const Finding& finding, const Json& record) {
  if (finding.evidence.empty()) return "no evidence";
  for (const Evidence& e : finding.evidence) {
    if (e.claim.empty()) return absl::StrCat("no claim at ", e.source);
    const Json::json_pointer pointer(e.source);
    if (!record.contains(pointer)) return absl::StrCat("nothing stands at ", e.source);
    const Json& there = record.at(pointer);
    if (there.is_null()) return absl::StrCat("null stands at ", e.source);
    const bool is_length = there.is_array() && there.size() > 8 && e.value == there.size();
    if (e.value != there && !is_length) return absl::StrCat("another value stands at ", e.source);
  }
  return "";
}

}  // namespace nsobs
