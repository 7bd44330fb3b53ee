// Damaged records: whatever is missing or of another type, nothing breaks and no claim dangles.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/diagnosis/scenarios.h"
#include "userspace/diagnosis/diagnosis.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kRounds = 2000;

size_t Below(std::mt19937* random, size_t n) { return n == 0 ? 0 : (*random)() % n; }

Json Junk(std::mt19937* random) {
  static const auto& kJunk = *new std::vector<Json>{nullptr,
                                                    true,
                                                    false,
                                                    0,
                                                    -1,
                                                    INT64_MAX,
                                                    INT64_MIN,
                                                    UINT64_MAX,
                                                    1e300,
                                                    "",
                                                    "/",
                                                    "10.0.0.7",
                                                    "::",
                                                    "rm -rf \"$HOME\"'; %s %n\n",
                                                    Json::array(),
                                                    Json::object(),
                                                    Json::array({1, "a", nullptr}),
                                                    {{"drop", nullptr}},
                                                    {{"jump", {{"target", "output"}}}},
                                                    {{"process", {{"pid", 7}}}}};
  return kJunk[Below(random, kJunk.size())];
}

void CollectAll(Json* json, std::vector<Json*>* out) {
  out->push_back(json);
  if (!json->is_structured()) return;
  for (Json& child : *json) CollectAll(&child, out);
}

// One field somewhere: dropped, replaced, doubled or moved.
void Mutate(Json* record, std::mt19937* random) {
  std::vector<Json*> places;
  CollectAll(record, &places);
  Json* place = places[Below(random, places.size())];
  const size_t way = Below(random, 4);
  if (way == 0 && place->is_structured() && !place->empty()) {
    auto child = place->begin();
    std::advance(child, Below(random, place->size()));
    place->erase(child);
  } else if (way == 1 && place->is_array() && !place->empty() && place->size() < 64) {
    const Json copy = (*place)[Below(random, place->size())];
    place->push_back(copy);
  } else if (way == 2) {
    const Json copy = *places[Below(random, places.size())];
    if (copy.dump().size() < 4096) *place = copy;
  } else {
    *place = Junk(random);
  }
}

TEST(Mutation, DamagedRecordsBreakNothing) {
  std::mt19937 random(20261125);
  for (int round = 0; round < kRounds; ++round) {
    const Scenario& scenario = Scenarios()[Below(&random, Scenarios().size())];
    Json record = scenario.record;
    for (size_t n = 1 + Below(&random, 6); n > 0; --n) Mutate(&record, &random);
    CheckedCases(record);
    for (const Finding& finding : Diagnose(record)) {
      if (finding.confidence == Confidence::kUnknown && finding.evidence.empty()) continue;
      ASSERT_EQ(WrongEvidence(finding, record), "") << scenario.name << "\n"
                                                    << finding.summary << "\n"
                                                    << record.dump();
    }
  }
}

// Each field of each record away, and each turned into junk: all of them, not a sample.
TEST(Mutation, EveryFieldOnce) {
  std::mt19937 random(7);
  for (const Scenario& scenario : Scenarios()) {
    Json record = scenario.record;
    std::vector<Json*> places;
    CollectAll(&record, &places);
    // Children first: what is put back in place of a parent are other objects.
    for (Json* place : std::vector<Json*>(places.rbegin(), places.rend())) {
      const Json before = *place;
      *place = Junk(&random);
      for (const Finding& finding : Diagnose(record)) {
        if (finding.confidence == Confidence::kUnknown) continue;
        ASSERT_EQ(WrongEvidence(finding, record), "") << scenario.name << "\n" << record.dump();
      }
      *place = before;
    }
  }
}

TEST(Mutation, NoRecordAtAll) {
  for (const Json& record :
       {Json(), Json::array(), Json("text"), Json(1), Json::object(), Json{{"trigger", 1}}}) {
    EXPECT_TRUE(Diagnose(record).empty()) << record;
  }
}

}  // namespace
}  // namespace nsobs
