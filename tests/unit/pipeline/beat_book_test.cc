#include "userspace/pipeline/beat_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two programs: the first is on its hook, the second is what the test says.
class BeatBookTest : public testing::Test {
 protected:
  // The deeds on `cpu`: the second program saw them if `seen_on` is where they were done.
  void Round(uint32_t cpu, std::optional<uint32_t> seen_on, std::vector<size_t> barred = {}) {
    const BeatBook::Beats before = {BeatCount{count_, 0}, BeatCount{seen_, last_cpu_}};
    ++count_;
    if (seen_on) {
      ++seen_;
      last_cpu_ = *seen_on;
    }
    book_.Judge(cpu, before, {BeatCount{count_, cpu}, BeatCount{seen_, last_cpu_}}, barred, ++now_);
  }

  BeatBook book_{2};
  uint64_t count_ = 0, seen_ = 0;
  uint32_t last_cpu_ = 0;
  int64_t now_ = 100;
};

TEST_F(BeatBookTest, OneMissIsChanceAndTwoAreSilence) {
  Round(0, 0);
  Round(0, std::nullopt);
  EXPECT_THAT(book_.StateOf(1).silent_on, IsEmpty());
  Round(0, std::nullopt);
  const BeatBook::State state = book_.StateOf(1);
  EXPECT_THAT(state.silent_on, ElementsAre(0u));
  EXPECT_EQ(state.missed, 2u);
  EXPECT_EQ(state.last_seen_boot_ns, 101);
  EXPECT_THAT(book_.StateOf(0).silent_on, IsEmpty());
  Round(0, 0);
  EXPECT_THAT(book_.StateOf(1).silent_on, IsEmpty());
}

TEST_F(BeatBookTest, EachCpuIsJudgedAlone) {
  for (int i = 0; i < 3; ++i) {
    Round(0, 0);
    Round(1, std::nullopt);
    Round(7, 7);
  }
  const BeatBook::State state = book_.StateOf(1);
  EXPECT_EQ(state.cpus_tried, 3u);
  EXPECT_THAT(state.silent_on, ElementsAre(1u));
  EXPECT_EQ(state.missed, 3u);
  EXPECT_EQ(state.last_seen_boot_ns, 0);
}

TEST_F(BeatBookTest, WhatWasSeenOnAnotherCpuWasNotSeenHere) {
  for (int i = 0; i < 2; ++i) Round(1, 0);
  EXPECT_THAT(book_.StateOf(1).silent_on, ElementsAre(1u));
}

TEST_F(BeatBookTest, WhatIsBarredIsNotTried) {
  for (int i = 0; i < 3; ++i) Round(0, std::nullopt, {1});
  EXPECT_EQ(book_.StateOf(1).cpus_tried, 0u);
  EXPECT_THAT(book_.StateOf(1).silent_on, IsEmpty());
  EXPECT_EQ(book_.StateOf(0).cpus_tried, 1u);
}

TEST_F(BeatBookTest, WhatIsOffIsNotTried) {
  book_.Judge(0, {BeatCount{1, 0}, std::nullopt}, {BeatCount{2, 0}, std::nullopt}, {}, 1);
  EXPECT_EQ(book_.StateOf(0).cpus_tried, 1u);
  EXPECT_EQ(book_.StateOf(1).cpus_tried, 0u);
}

TEST_F(BeatBookTest, ACpuThatIsGoneIsForgotten) {
  for (int i = 0; i < 2; ++i) {
    Round(0, 0);
    Round(1, std::nullopt);
    book_.EndRound({0, 1});
  }
  EXPECT_THAT(book_.StateOf(1).silent_on, ElementsAre(1u));
  Round(0, 0);
  book_.EndRound({0});
  EXPECT_EQ(book_.StateOf(1).cpus_tried, 1u);
  EXPECT_THAT(book_.StateOf(1).silent_on, IsEmpty());
  Round(1, std::nullopt);  // back again: what it missed before does not count
  EXPECT_THAT(book_.StateOf(1).silent_on, IsEmpty());
}

}  // namespace
}  // namespace nsobs
