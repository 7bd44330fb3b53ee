#include "userspace/pipeline/mark_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// As the timeline keeps them; `row` stands for the rows of runs.
std::map<std::string, std::string> Stored(const std::vector<TimelineFact>& facts, int row) {
  std::map<std::string, std::string> out;
  for (const TimelineFact& fact : facts) {
    if (fact.value.empty()) continue;
    out[fact.key] = fact.run_id == 0 ? fact.value : fact.value + " " + std::to_string(row);
  }
  return out;
}

TEST(MarkFactsTest, WhatIsWrittenIsRead) {
  RingMark mark{5, 4096, 1ull << 40, {}, {}};
  mark.books.slots[3] = {uint64_t{3} << 40 | 2, {10, 20}, {1, 2, 3, 4}};
  mark.books.slots[4] = {uint64_t{4} << 40 | 1, {1, 0}, {}};
  mark.books.counts[{9, 8, 7, 6}] = 77;
  mark.books.counts[{1, 1, 1, 1}] = 0;
  mark.run_ids = {{3, 12}, {4, 0}};
  std::vector<TimelineFact> facts;
  AppendMark("abc", mark, &facts);
  facts.push_back(LossFact({{{77, 1}, {4'026'532'000, 500}}, EventKind::kSignal, "ring_full", 6}));

  const LeftMark left = ReadMark(Stored(facts, 99));
  EXPECT_EQ(left.id, "abc");
  EXPECT_EQ(left.critical, 4096u);
  EXPECT_EQ(left.bulk, 1ull << 40);
  EXPECT_THAT(left.rows, ElementsAre(Pair(3, 99), Pair(4, 0)));
  EXPECT_EQ(left.books.slots.at(3).run, uint64_t{3} << 40 | 2);
  EXPECT_THAT(left.books.slots.at(3).seen, ElementsAre(10, 20));
  EXPECT_THAT(left.books.slots.at(3).counter, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(left.books.counts, ElementsAre(Pair(ElementsAre(9, 8, 7, 6), 77)));
  ASSERT_EQ(left.told.size(), 1u);
  EXPECT_EQ(left.told[0].key, (CounterKey{{77, 1}, {4'026'532'000, 500}}));
  EXPECT_EQ(left.told[0].cause, "ring_full");
  EXPECT_EQ(left.told[0].value, 6u);
}

TEST(MarkFactsTest, WhatIsNoSuchWordIsLeftOut) {
  const LeftMark left = ReadMark({{"mark", "abc 1"},
                                  {"run.x", "1 2 3 00 5"},
                                  {"run.1", "1 2 3 00 5"},
                                  {"run.2", ""},
                                  {"count.zz", "5"},
                                  {"count.", "5"},
                                  {"loss.1.2.3.ring_full", "5"},
                                  {"loss.1.2.3.4.9999.ring_full", "5"},
                                  {"loss.", "5"},
                                  {"another", "word"}});
  EXPECT_EQ(left.id, "");
  EXPECT_THAT(left.books.slots, IsEmpty());
  EXPECT_THAT(left.books.counts, IsEmpty());
  EXPECT_THAT(left.told, IsEmpty());
}

}  // namespace
}  // namespace nsobs
