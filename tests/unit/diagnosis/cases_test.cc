// Every stored record gets the finding that it should, and the near misses don't.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/unit/diagnosis/scenarios.h"
#include "userspace/diagnosis/case_list.h"
#include "userspace/diagnosis/diagnosis.h"

namespace nsobs {
namespace {

std::string First(const std::vector<Finding>& findings) {
  return findings.empty() ? "" : CaseAndConfidence(findings[0]);
}

std::string CaseOf(const Scenario& scenario) {
  return scenario.expect.substr(0, scenario.expect.find(' '));
}

TEST(Cases, EveryRecordGetsItsFinding) {
  ASSERT_GT(Scenarios().size(), 100u);
  for (const Scenario& scenario : Scenarios()) {
    const std::vector<Finding> findings = Diagnose(scenario.record);
    EXPECT_EQ(First(findings), scenario.expect)
        << scenario.name << ": " << (findings.empty() ? "" : findings[0].summary);
    EXPECT_LE(findings.size(), 3u) << scenario.name;
  }
}

TEST(Cases, NearMissesAreNotTakenForTheCase) {
  for (const Scenario& scenario : Scenarios()) {
    if (scenario.near_miss_of.empty()) continue;
    const std::string wrong = CaseOf(ScenarioNamed(scenario.near_miss_of));
    for (const Finding& finding : Diagnose(scenario.record)) {
      const bool said = finding.case_id == wrong && finding.confidence != Confidence::kUnknown;
      EXPECT_FALSE(said) << scenario.name << ": " << finding.summary;
    }
  }
}

TEST(Cases, EvidenceStandsInTheRecord) {
  for (const Scenario& scenario : Scenarios()) {
    for (const Finding& finding : Diagnose(scenario.record)) {
      EXPECT_EQ(WrongEvidence(finding, scenario.record), "") << scenario.name;
    }
  }
}

TEST(Cases, FindingsAreComplete) {
  for (const Scenario& scenario : Scenarios()) {
    for (const Finding& finding : Diagnose(scenario.record)) {
      EXPECT_FALSE(finding.summary.empty()) << scenario.name;
      EXPECT_EQ(finding.summary.find('\n'), std::string::npos) << scenario.name;
      EXPECT_FALSE(finding.check.empty()) << scenario.name;
      const bool needs_fix = finding.confidence != Confidence::kUnknown;
      EXPECT_TRUE(!needs_fix || !finding.fix.empty()) << scenario.name;
    }
  }
}

TEST(Cases, EachOfTheListHasARecordAndANearMiss) {
  std::set<std::string> shown, missed;
  for (const Scenario& scenario : Scenarios()) {
    if (scenario.near_miss_of.empty()) {
      shown.insert(CaseOf(scenario));
    } else {
      missed.insert(CaseOf(ScenarioNamed(scenario.near_miss_of)));
    }
  }
  for (const CaseRow& row : CaseList()) {
    EXPECT_TRUE(shown.contains(std::string(row.id))) << row.id;
    // Whatever else an entry is, it is one.
    const bool always = row.id == "ns-entry";
    EXPECT_TRUE(always || missed.contains(std::string(row.id))) << row.id;
  }
}

TEST(Cases, TheSureComeFirst) {
  for (const Scenario& scenario : Scenarios()) {
    const std::vector<Finding> findings = Diagnose(scenario.record);
    for (size_t i = 1; i < findings.size(); ++i) {
      EXPECT_LE(findings[i - 1].confidence, findings[i].confidence) << scenario.name;
      EXPECT_NE(findings[i - 1].case_id, findings[i].case_id) << scenario.name;
    }
  }
}

TEST(Cases, SerialsOrIdsOfTheTriggersEvents) {
  nlohmann::ordered_json record = ScenarioNamed("loopback: postgres on the host").record;
  record["trigger"]["events"][0]["serial"] = 17;
  EXPECT_THAT(Diagnose(record)[0].event_serials, testing::ElementsAre(17));
  record["trigger"]["events"][0].erase("serial");
  record["trigger"]["events"][0]["id"] = 184467;
  EXPECT_THAT(Diagnose(record)[0].event_serials, testing::ElementsAre(184467));
}

TEST(Cases, CheckedAreThoseWhoseSectionsAreThere) {
  const auto& record = ScenarioNamed("hand: healthy").record;
  EXPECT_THAT(CheckedCases(record),
              testing::IsSupersetOf({"net-link-down", "net-dns", "mnt-full", "pressure"}));
  nlohmann::ordered_json without = record;
  without.erase("net");
  EXPECT_THAT(CheckedCases(without), testing::Not(testing::Contains("net-dns")));
  EXPECT_THAT(CheckedCases(nlohmann::ordered_json()), testing::ElementsAre("ns-sharing"));
}

TEST(Cases, AtMostThree) {
  nlohmann::ordered_json record = ScenarioNamed("hand: much is wrong").record;
  EXPECT_EQ(Diagnose(record).size(), 3u);
}

// What people read, in one file: NSOBS_UPDATE_GOLDEN=1 writes it anew.
TEST(Cases, WordingIsTheGolden) {
  std::string text;
  for (const Scenario& scenario : Scenarios()) {
    for (const Finding& finding : Diagnose(scenario.record)) {
      absl::StrAppend(&text, scenario.name, "\n  ", CaseAndConfidence(finding), ": ",
                      finding.summary, "\n  fix: ", finding.fix, "\n  check: ", finding.check,
                      "\n");
    }
  }
  const std::filesystem::path path =
      std::filesystem::path(NSOBS_SOURCE_DIR) / "tests/golden/diagnosis/summaries.txt";
  if (getenv("NSOBS_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::ostringstream want;
  want << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, want.str()) << "if that is right, run with NSOBS_UPDATE_GOLDEN=1";
}

}  // namespace
}  // namespace nsobs
