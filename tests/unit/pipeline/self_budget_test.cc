#include "userspace/pipeline/self_budget.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kTickNs = 100'000'000;

class SelfBudgetTest : public ::testing::Test {
 protected:
  SelfBudgetTest() {
    BudgetHandlers handlers;
    handlers.cpu_time = [this] { return cpu_; };
    handlers.bulk_records = [this] { return static_cast<uint64_t>(bulk_); };
    handlers.measure_programs = [this] {
      ++measured_;
      return UniqueFd(open(measurable_ ? "/dev/null" : "/nonexistent", O_RDONLY | O_CLOEXEC));
    };
    handlers.program_time_ns = [this] { return program_ns_; };
    handlers.set_bulk_most = [this](uint64_t most) { most_ = most; };
    budget_ = std::make_unique<SelfBudget>(GovernorOptions{}, std::move(handlers), &clock_);
  }

  void Run(int seconds, double share, double bulk_per_second, double programs = 0) {
    for (int i = 0; i < 10 * seconds; ++i) {
      clock_.AdvanceNs(kTickNs);
      cpu_ += absl::Seconds(0.1 * share);
      bulk_ += bulk_per_second * 0.1;
      program_ns_ += static_cast<uint64_t>(programs * kTickNs);
      budget_->OnTick();
      std::vector<ObservedEvent> rows = budget_->TakeRows();
      rows_.insert(rows_.end(), rows.begin(), rows.end());
    }
  }
  const Gap& GapOf(size_t row) const { return std::get<Gap>(rows_[row].event.detail); }

  FakeClock clock_{50'000'000'000, 1'000'000'000'000};
  absl::Duration cpu_;
  double bulk_ = 0;
  uint64_t program_ns_ = 0;
  uint64_t most_ = 0;
  int measured_ = 0;
  bool measurable_ = true;
  std::vector<ObservedEvent> rows_;
  std::unique_ptr<SelfBudget> budget_;
};

TEST_F(SelfBudgetTest, WhatWasShedIsToldFromTo) {
  Run(60, 0.001, 10);
  EXPECT_EQ(most_, 0u) << "untouched";
  EXPECT_EQ(budget_->State().shed_seconds, 0);
  const int64_t flood_ns = clock_.WallNs();
  Run(60, 0.2, 100'000);
  EXPECT_GT(budget_->State().level, 0);
  EXPECT_EQ(most_, kBulkPerSecond[static_cast<size_t>(budget_->State().level)]);
  EXPECT_TRUE(rows_.empty()) << "it is not over";
  EXPECT_GT(budget_->State().shed_seconds, 10);
  const int64_t quiet_ns = clock_.WallNs();
  Run(30, 0.001, 1);
  EXPECT_EQ(budget_->State().level, 0);
  EXPECT_EQ(most_, UINT64_MAX);
  ASSERT_EQ(rows_.size(), 1u);
  EXPECT_EQ(GapOf(0).cause, "cpu_budget");
  EXPECT_EQ(GapOf(0).part, "detail");
  EXPECT_THAT(GapOf(0).reason, HasSubstr("2.0 % is allowed"));
  EXPECT_GT(GapOf(0).from_wall_ns, flood_ns);
  EXPECT_GT(GapOf(0).to_wall_ns, quiet_ns);
  EXPECT_NEAR(budget_->State().shed_seconds,
              static_cast<double>(GapOf(0).to_wall_ns - GapOf(0).from_wall_ns) / 1e9, 0.2);
}

TEST_F(SelfBudgetTest, ALongOneIsToldInPieces) {
  Run(2000, 0.2, 100'000);
  ASSERT_EQ(rows_.size(), 3u);
  EXPECT_EQ(GapOf(0).to_wall_ns, GapOf(1).from_wall_ns);
  EXPECT_EQ(GapOf(1).to_wall_ns, GapOf(2).from_wall_ns);
  budget_->Stop();
  const std::vector<ObservedEvent> last = budget_->TakeRows();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(std::get<Gap>(last[0].event.detail).from_wall_ns, GapOf(2).to_wall_ns);
}

TEST_F(SelfBudgetTest, ProgramsAreMeasuredATenthOfASecondInTen) {
  Run(100, 0.001, 10, 0.04);
  EXPECT_EQ(measured_, 10);
  EXPECT_NEAR(budget_->State().programs, 0.04, 0.001);
}

TEST_F(SelfBudgetTest, WhereTheKernelDoesNotTellTheyAreNotCounted) {
  measurable_ = false;
  Run(100, 0.001, 10, 0.04);
  EXPECT_EQ(budget_->State().programs, 0);
  EXPECT_EQ(budget_->State().level, 0);
}

TEST_F(SelfBudgetTest, TheLimitMayChange) {
  budget_->set_limit(0);
  Run(200, 0.9, 100'000);
  EXPECT_EQ(budget_->State().level, 0);
  budget_->set_limit(0.5);
  Run(36, 0.9, 100'000);
  EXPECT_EQ(budget_->State().level, 1);
  EXPECT_EQ(budget_->State().limit, 0.5);
}

}  // namespace
}  // namespace nsobs
