#include "userspace/collector/kernel_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr size_t kSlots = 2 * NSOBS_RUN_KINDS * NSOBS_RUN_SLOTS;  // of two CPUs

// Plays the kernel's part on one slot.
class KernelRunsTest : public testing::Test {
 protected:
  uint64_t Begin(size_t slot, uint64_t cgroup) {
    nsobs_run& run = slots_[slot];
    EXPECT_EQ(run.run, run.closed) << "the kernel would not";
    run.base[0] = run.counted[0];
    run.base[1] = run.counted[1];
    run.counter.cgroup_id = cgroup;
    run.run = uint64_t{slot} << NSOBS_RUN_SLOT_SHIFT | ++run.begun;
    return run.run;
  }

  static KernelRuns::CounterWords Words(uint64_t cgroup) {
    nsobs_counter_key key{};
    key.cgroup_id = cgroup;
    return std::bit_cast<KernelRuns::CounterWords>(key);
  }

  std::vector<nsobs_run> slots_ = std::vector<nsobs_run>(kSlots);
  KernelRuns runs_{absl::MakeSpan(slots_)};
};

TEST_F(KernelRunsTest, EachCountIsInOneGrowth) {
  const uint64_t run = Begin(3, 7);
  slots_[3].counted[0] += 5;
  slots_[3].last_ns = 99;
  std::vector<RunGrowth> growth = runs_.Collect({&run, 1});
  ASSERT_THAT(growth, SizeIs(1));
  EXPECT_EQ(growth[0].run, run);
  EXPECT_THAT(growth[0].added, ElementsAre(5, 0));
  EXPECT_EQ(growth[0].last_boot_ns, 99);
  EXPECT_THAT(runs_.Collect({&run, 1}), IsEmpty());
  slots_[3].counted[1] += 2;
  EXPECT_THAT(runs_.CountsSoFar(), UnorderedElementsAre(Pair(Words(7), 7)));
  growth = runs_.Collect({});  // noticed by the scrape
  ASSERT_THAT(growth, SizeIs(1));
  EXPECT_THAT(growth[0].added, ElementsAre(0, 2));
}

// Its record is on the ring before the slot has its number: it may be read, and refused, by then.
TEST_F(KernelRunsTest, ARunThatIsNotOpenYetIsClosedLater) {
  const uint64_t first = Begin(3, 7);
  EXPECT_TRUE(runs_.Close(first));
  const uint64_t second = first + 1;
  EXPECT_FALSE(runs_.Close(second));
  EXPECT_EQ(slots_[3].closed, first);
  EXPECT_EQ(Begin(3, 8), second);
  slots_[3].counted[0] += 4;
  EXPECT_TRUE(runs_.Close(second));
  EXPECT_EQ(slots_[3].closed, second);
  const std::vector<RunGrowth> growth = runs_.Collect({});
  ASSERT_THAT(growth, SizeIs(1));
  EXPECT_EQ(growth[0].run, second);
  EXPECT_THAT(growth[0].added, ElementsAre(4, 0));
  EXPECT_TRUE(runs_.Close(first)) << "there is nothing left to do";
  EXPECT_EQ(slots_[3].closed, second);
}

TEST_F(KernelRunsTest, WhatComesAfterTheCloseBelongsToTheOldRun) {
  const uint64_t first = Begin(3, 7);
  runs_.Close(first);
  EXPECT_EQ(slots_[3].closed, first);
  slots_[3].counted[0] += 1;  // was under way
  const uint64_t second = Begin(3, 8);
  slots_[3].counted[0] += 10;
  const std::vector<RunGrowth> growth = runs_.Collect({&second, 1});
  ASSERT_THAT(growth, SizeIs(2));
  EXPECT_EQ(growth[0].run, first);
  EXPECT_THAT(growth[0].added, ElementsAre(1, 0));
  EXPECT_EQ(growth[0].owner.cgroup.id, 7u);
  EXPECT_EQ(growth[1].owner.cgroup.id, 8u);
  EXPECT_EQ(growth[1].run, second);
  EXPECT_THAT(growth[1].added, ElementsAre(10, 0));
  EXPECT_THAT(runs_.CountsSoFar(), UnorderedElementsAre(Pair(Words(7), 1), Pair(Words(8), 10)));
}

TEST_F(KernelRunsTest, OnlyTheRunThatIsThereCanBeClosed) {
  const uint64_t first = Begin(3, 7);
  runs_.Close(first + 1);
  runs_.Close(uint64_t{kSlots} << NSOBS_RUN_SLOT_SHIFT | 1);
  EXPECT_EQ(slots_[3].closed, 0u);
  const uint64_t nonsense = ~uint64_t{0};
  EXPECT_THAT(runs_.Collect({&nonsense, 1}), IsEmpty());
}

TEST_F(KernelRunsTest, ObservedIsByKindAndEpochOverAllCpus) {
  slots_[0].counted[0] = 1;
  slots_[NSOBS_RUN_SLOTS].counted[0] = 10;
  slots_[NSOBS_RUN_KINDS * NSOBS_RUN_SLOTS + 1].counted[0] = 100;
  slots_[1].counted[1] = 1000;
  EXPECT_EQ(runs_.Observed(NSOBS_RUN_SIGNAL, 0), 101u);
  EXPECT_EQ(runs_.Observed(NSOBS_RUN_SIGNAL, 1), 1000u);
  EXPECT_EQ(runs_.Observed(NSOBS_RUN_CONNECT_FAILURE, 0), 10u);
  EXPECT_EQ(KernelRuns::KindOf(uint64_t{NSOBS_RUN_SLOTS} << NSOBS_RUN_SLOT_SHIFT | 1),
            EventKind::kConnectFailure);
}

TEST_F(KernelRunsTest, ForgottenCountersBeginAnew) {
  const uint64_t run = Begin(3, 7);
  slots_[3].counted[0] += 5;
  runs_.CountsSoFar();
  runs_.Forget(Words(7));
  EXPECT_THAT(runs_.CountsSoFar(), IsEmpty());
  slots_[3].counted[0] += 1;
  EXPECT_THAT(runs_.CountsSoFar(), UnorderedElementsAre(Pair(Words(7), 1)));
  EXPECT_THAT(runs_.Collect({&run, 1}), SizeIs(2));
}

TEST_F(KernelRunsTest, ASuccessorTakesTheRestAndNothingTwice) {
  runs_.Track();
  const uint64_t first = Begin(3, 7);
  slots_[3].counted[0] += 5;
  runs_.Collect({&first, 1});
  std::optional<RunBooks> books = runs_.TakeChanges();
  ASSERT_TRUE(books.has_value());
  // What happens from here on is in no books.
  slots_[3].counted[1] += 2;
  const uint64_t other = Begin(70, 9);
  slots_[70].counted[0] += 4;

  KernelRuns successor(absl::MakeSpan(slots_));
  successor.Restore(*books);
  EXPECT_EQ(successor.Untaken(KernelRuns::KindOf(first), 1), 2u);
  const std::vector<uint64_t> both = {first, other};
  const std::vector<RunGrowth> growth = successor.Collect(both);
  ASSERT_THAT(growth, SizeIs(2));
  EXPECT_EQ(growth[0].run, first);
  EXPECT_THAT(growth[0].added, ElementsAre(0, 2));
  EXPECT_EQ(growth[1].run, other);
  EXPECT_THAT(growth[1].added, ElementsAre(4, 0));
  EXPECT_THAT(successor.CountsSoFar(), UnorderedElementsAre(Pair(Words(7), 7), Pair(Words(9), 4)));
}

TEST_F(KernelRunsTest, ASuccessorGivesTheTailToTheRunThatWasKnown) {
  runs_.Track();
  const uint64_t first = Begin(3, 7);
  slots_[3].counted[0] += 5;
  runs_.Collect({&first, 1});
  const std::optional<RunBooks> books = runs_.TakeChanges();
  runs_.Close(first);
  slots_[3].counted[0] += 1;
  const uint64_t second = Begin(3, 8);
  slots_[3].counted[0] += 10;

  KernelRuns successor(absl::MakeSpan(slots_));
  successor.Restore(*books);
  const std::vector<RunGrowth> growth = successor.Collect({&second, 1});
  ASSERT_THAT(growth, SizeIs(2));
  EXPECT_EQ(growth[0].run, first);
  EXPECT_EQ(growth[0].owner.cgroup.id, 7u);
  EXPECT_THAT(growth[0].added, ElementsAre(1, 0));
  EXPECT_EQ(growth[1].run, second);
  EXPECT_THAT(growth[1].added, ElementsAre(10, 0));
}

TEST_F(KernelRunsTest, BooksAreNotTakenWhileAGrowthWasNot) {
  runs_.Track();
  const uint64_t run = Begin(3, 7);
  slots_[3].counted[0] += 5;
  runs_.CountsSoFar();  // a scrape noticed it
  EXPECT_FALSE(runs_.TakeChanges().has_value());
  runs_.Collect({&run, 1});
  EXPECT_TRUE(runs_.TakeChanges().has_value());
}

}  // namespace
}  // namespace nsobs
