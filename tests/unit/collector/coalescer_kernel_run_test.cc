// Runs that the kernel counts by itself, attached to those of the coalescer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/collector/records.h"
#include "userspace/collector/coalescer.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Grown = Coalescer::Grown;

constexpr int64_t kWindowNs = 1'000'000'000;
constexpr int64_t kStart = static_cast<int64_t>(kSampleBootNs);
constexpr uint64_t kSlot = uint64_t{1} << NSOBS_RUN_SLOT_SHIFT;

class CoalescerKernelRunTest : public testing::Test {
 protected:
  uint64_t Feed(uint64_t kernel_run, int64_t at = kStart) {
    nsobs_signal record = SampleSignal();
    record.run = kernel_run;
    record.h.boot_ns = static_cast<uint64_t>(at);
    uint64_t run_id = 0;
    merged_ = coalescer_.Merge(Bytes(record), &run_id);
    return run_id;
  }

  RecordBatch Flush(int64_t at) {
    RecordBatch out;
    coalescer_.Flush(at, &out);
    return out;
  }

  Coalescer coalescer_{{}};
  bool merged_ = false;
};

TEST_F(CoalescerKernelRunTest, GrowthExtendsTheRow) {
  const uint64_t run_id = Feed(kSlot + 1);
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {3, 4}, kStart + 9}), Grown::kCounted);
  const RecordBatch batch = Flush(kStart + 10);
  ASSERT_THAT(batch.extensions, SizeIs(1));
  EXPECT_EQ(batch.extensions[0].run_id, run_id);
  EXPECT_EQ(batch.extensions[0].count, 8u);
  EXPECT_EQ(batch.extensions[0].last_boot_ns, kStart + 9);
  EXPECT_THAT(batch.extensions[0].added, ElementsAre(3, 4));
}

TEST_F(CoalescerKernelRunTest, OfTwoCpusAreOneRow) {
  Feed(kSlot + 1);
  Feed(2 * kSlot + 1);
  EXPECT_TRUE(merged_);
  EXPECT_THAT(coalescer_.AttachedRuns(), UnorderedElementsAre(kSlot + 1, 2 * kSlot + 1));
  EXPECT_EQ(coalescer_.Extend({2 * kSlot + 1, {5, 0}, kStart}), Grown::kCounted);
  EXPECT_EQ(Flush(kStart).extensions.at(0).count, 7u);
}

TEST_F(CoalescerKernelRunTest, GrowthKeepsTheRunOpen) {
  Feed(kSlot + 1);
  coalescer_.Extend({kSlot + 1, {1, 0}, kStart + kWindowNs});
  EXPECT_THAT(Flush(kStart + kWindowNs + kWindowNs / 2).ended_runs, IsEmpty());
  EXPECT_THAT(coalescer_.TakeUnwanted(), IsEmpty());
}

// The kernel is told first; what it counted meanwhile still belongs to the row.
TEST_F(CoalescerKernelRunTest, EndsAfterTheKernelWasTold) {
  const uint64_t run_id = Feed(kSlot + 1);
  EXPECT_THAT(Flush(kStart + 2 * kWindowNs).ended_runs, IsEmpty());
  EXPECT_THAT(coalescer_.TakeUnwanted(), ElementsAre(kSlot + 1));
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {0, 1}, kStart + 1}), Grown::kCounted);
  const RecordBatch batch = Flush(kStart + 3 * kWindowNs);
  EXPECT_EQ(batch.extensions.at(0).count, 2u);
  EXPECT_THAT(batch.ended_runs, ElementsAre(run_id));
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {0, 1}, kStart + 1}), Grown::kLost);
  EXPECT_TRUE(coalescer_.idle());
}

TEST_F(CoalescerKernelRunTest, TheNextRecordBeginsAnotherWhileTheLastOneCloses) {
  const uint64_t first = Feed(kSlot + 1);
  Flush(kStart + 2 * kWindowNs);
  const uint64_t second = Feed(kSlot + 2, kStart + 2 * kWindowNs);
  EXPECT_NE(second, first);
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {1, 0}, kStart}), Grown::kCounted);
  EXPECT_EQ(coalescer_.Extend({kSlot + 2, {2, 0}, kStart + 2 * kWindowNs}), Grown::kCounted);
  std::map<uint64_t, uint64_t> counts;
  for (const RunExtension& e : Flush(kStart + 2 * kWindowNs + 1).extensions) {
    counts[e.run_id] = e.count;
  }
  EXPECT_THAT(counts, UnorderedElementsAre(testing::Pair(first, 2), testing::Pair(second, 3)));
}

TEST_F(CoalescerKernelRunTest, GrowthBeforeItsRecordWaits) {
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {1, 0}, kStart}), Grown::kUnknown);
  Feed(kSlot + 1);
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {1, 0}, kStart}), Grown::kCounted);
  EXPECT_EQ(coalescer_.Extend({kSlot + 2, {1, 0}, kStart}), Grown::kUnknown);
}

TEST_F(CoalescerKernelRunTest, ADroppedOneIsClosedAndItsGrowthLost) {
  const uint64_t run_id = Feed(kSlot + 1);
  coalescer_.Extend({kSlot + 1, {6, 7}, kStart});
  EXPECT_THAT(coalescer_.Drop(run_id), ElementsAre(6, 7));
  EXPECT_THAT(coalescer_.TakeUnwanted(), ElementsAre(kSlot + 1));
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {1, 0}, kStart}), Grown::kLost);
  EXPECT_TRUE(coalescer_.idle());
}

// What the kernel goes on to count must have a row, whatever changed here meanwhile.
TEST_F(CoalescerKernelRunTest, BeginsARunAlsoWithoutWindowOrRoom) {
  coalescer_.set_window(absl::ZeroDuration());
  EXPECT_NE(Feed(kSlot + 1), 0u);
  Coalescer full({absl::Seconds(1), /*max_runs=*/0});
  nsobs_signal record = SampleSignal();
  record.run = kSlot + 1;
  uint64_t run_id = 0;
  EXPECT_FALSE(full.Merge(Bytes(record), &run_id));
  EXPECT_NE(run_id, 0u);
}

// A run of the kernel may have to stay open for a while (RingReader): what it counts has a row.
TEST_F(CoalescerKernelRunTest, CountsUntilTheKernelsRunCouldBeClosed) {
  const uint64_t run_id = Feed(kSlot + 1);
  Flush(kStart + 2 * kWindowNs);
  ASSERT_THAT(coalescer_.TakeUnwanted(), ElementsAre(kSlot + 1));
  coalescer_.SetOpen(kSlot + 1, true);
  EXPECT_THAT(Flush(kStart + 3 * kWindowNs).ended_runs, IsEmpty());
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {2, 0}, kStart + 3 * kWindowNs}), Grown::kCounted);
  coalescer_.SetOpen(kSlot + 1, false);
  EXPECT_THAT(Flush(kStart + 4 * kWindowNs).ended_runs, IsEmpty()) << "one may be under way";
  const RecordBatch last = Flush(kStart + 5 * kWindowNs);
  EXPECT_THAT(last.ended_runs, ElementsAre(run_id));
}

// After a restart the row of the predecessor's run takes what the kernel still counted.
TEST_F(CoalescerKernelRunTest, AdoptsARunWithItsRow) {
  const uint64_t run_id = coalescer_.Adopt(EventKind::kSignal, {}, 10, {kSlot + 1, 2 * kSlot + 1});
  coalescer_.Disown(3 * kSlot + 1);
  EXPECT_THAT(coalescer_.TakeUnwanted(),
              UnorderedElementsAre(kSlot + 1, 2 * kSlot + 1, 3 * kSlot + 1));
  EXPECT_EQ(coalescer_.Extend({kSlot + 1, {2, 0}, kStart}), Grown::kCounted);
  EXPECT_EQ(coalescer_.Extend({2 * kSlot + 1, {0, 1}, kStart}), Grown::kCounted);
  EXPECT_EQ(coalescer_.Extend({3 * kSlot + 1, {5, 0}, kStart}), Grown::kLost);
  const RecordBatch batch = Flush(kStart);
  ASSERT_THAT(batch.extensions, SizeIs(1));
  EXPECT_EQ(batch.extensions[0].run_id, run_id);
  EXPECT_EQ(batch.extensions[0].count, 13u);
  EXPECT_THAT(batch.extensions[0].added, ElementsAre(2, 1));
  EXPECT_NE(Feed(4 * kSlot + 1), run_id) << "the next ones have a row of their own";
}

}  // namespace
}  // namespace nsobs
