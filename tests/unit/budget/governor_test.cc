#include "userspace/budget/governor.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

// A host that goes on for some time at some cost and some bulk events a second.
class GovernorTest : public ::testing::Test {
 protected:
  int Run(int seconds, double share, double bulk_per_second, double programs = 0) {
    int level = governor_.level();
    for (int i = 0; i < seconds; i += 5) {
      now_ += absl::Seconds(5);
      cpu_ += absl::Seconds(5 * share);
      bulk_ += bulk_per_second * 5;
      level = governor_.Add({now_, cpu_, programs, static_cast<uint64_t>(bulk_)});
      highest_ = std::max(highest_, level);
    }
    return level;
  }

  Governor governor_{GovernorOptions{}};
  absl::Duration now_ = absl::Hours(7);  // of whatever clock
  absl::Duration cpu_ = absl::Seconds(3);
  double bulk_ = 0;
  int highest_ = 0;
};

TEST_F(GovernorTest, NothingIsShedBelowTheLimit) {
  EXPECT_EQ(Run(3600, 0.019, 100'000), 0);
  EXPECT_EQ(highest_, 0);
  EXPECT_NEAR(governor_.processes(), 0.019, 1e-6);
}

TEST_F(GovernorTest, AShortBurstIsKeptInFull) {
  EXPECT_EQ(Run(600, 0.005, 10), 0);
  EXPECT_EQ(Run(15, 0.9, 200'000), 0);
  EXPECT_EQ(Run(600, 0.005, 10), 0);
  EXPECT_EQ(highest_, 0);
}

// However much was done before the first sample: it begins to measure there.
TEST_F(GovernorTest, TheStartDoesNotCount) {
  cpu_ = absl::Hours(1);
  EXPECT_EQ(Run(600, 0.01, 100'000), 0);
  EXPECT_EQ(highest_, 0);
}

TEST_F(GovernorTest, ALongFloodIsShedStepByStep) {
  EXPECT_EQ(Run(40, 0.5, 100'000), 0);
  EXPECT_EQ(Run(5, 0.5, 100'000), 1);
  // What was before the change says nothing about what it did: a third of a window each.
  EXPECT_EQ(Run(5, 0.3, 16'000), 1);
  EXPECT_EQ(Run(5, 0.3, 16'000), 2);
  EXPECT_EQ(Run(10, 0.1, 4'000), 3);
  EXPECT_EQ(Run(300, 0.018, 1'000), 3) << "below the limit, not by much: so it stays";
}

TEST_F(GovernorTest, MoreIsNotShedThanThereIs) {
  EXPECT_EQ(Run(600, 0.5, 10), 0) << "its cost is not that of bulk events";
  EXPECT_EQ(Run(10, 0.001, 10), 0);
  EXPECT_EQ(Run(30, 0.5, 5'000), 0);
  EXPECT_EQ(Run(5, 0.5, 5'000), 2) << "16,000 a second would hold nobody back, 4,000 do";
}

TEST_F(GovernorTest, WhatWouldSaveNothingIsNotShed) {
  EXPECT_EQ(Run(600, 0.2, 300), 0) << "a thousand starts a minute, and a few failures";
  EXPECT_EQ(Run(15, 0.001, 10), 0);
  EXPECT_EQ(Run(30, 0.2, 600), 0);
  EXPECT_EQ(Run(5, 0.2, 600), 4) << "350 of them at 20 us are worth it";
}

TEST_F(GovernorTest, ItEndsWhereItEnds) {
  double bulk = 1e6;
  for (int i = 0; i < 100; ++i) {
    const int level = Run(5, 0.9, bulk);
    ASSERT_LE(level, kMaxLevel);
    if (level > 0) bulk = 16.0 * static_cast<double>(kBulkPerSecond[static_cast<size_t>(level)]);
  }
  EXPECT_EQ(governor_.level(), kMaxLevel);
}

TEST_F(GovernorTest, OnceTheFloodIsOverAllIsKeptAgain) {
  Run(45, 0.5, 100'000);
  Run(10, 0.5, 16'000);
  EXPECT_EQ(Run(10, 0.5, 4'000), 3);
  EXPECT_EQ(Run(5, 0.5, 3), 3) << "not at the first quiet moment";
  EXPECT_EQ(Run(10, 0.01, 3), 0);
}

// While somebody is held back, allowing more is tried now and then, and rarer each time in vain.
TEST_F(GovernorTest, ItTriesAgainRarerAndRarer) {
  int tries = 0, before = 0;
  Run(35, 0.5, 100'000);
  for (int i = 0; i < 3600 / 5; ++i) {
    const int level = governor_.level();
    const auto most = static_cast<double>(kBulkPerSecond[static_cast<size_t>(level)]);
    Run(5, level == 0 ? 0.5 : most * 3e-6, level == 0 ? 100'000 : most);
    if (governor_.level() < before) ++tries;
    before = governor_.level();
  }
  EXPECT_GE(tries, 4);
  EXPECT_LE(tries, 14) << "an hour has 120 windows";
}

TEST_F(GovernorTest, TheProgramsCountToo) {
  EXPECT_EQ(Run(40, 0.015, 100'000, 0.001), 0);
  EXPECT_EQ(Run(20, 0.015, 100'000, 0.02), 0);
  EXPECT_NEAR(governor_.programs(), (2 * 0.001 + 4 * 0.02) / 6, 1e-6);
  EXPECT_EQ(Run(15, 0.015, 100'000, 0.02), 1);
}

TEST_F(GovernorTest, WithoutALimitNothingIsShed) {
  governor_.set_limit(0);
  EXPECT_EQ(Run(600, 0.9, 1e6), 0);
  governor_.set_limit(0.5);
  EXPECT_EQ(Run(30, 0.9, 1e6), 0);
  EXPECT_EQ(Run(5, 0.9, 1e6), 1);
  governor_.set_limit(0);
  EXPECT_EQ(Run(5, 0.9, 1e6), 0) << "switched off while it sheds";
}

}  // namespace
}  // namespace nsobs
