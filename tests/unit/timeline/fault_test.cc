// A disk that is full or fails, at each of the calls that write.
#include <numeric>

#include "tests/unit/timeline/faulty_vfs.h"
#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {
namespace {

class FaultTest : public TimelineFixture, public ::testing::WithParamInterface<int> {
 protected:
  FaultTest() { options_.retention_bytes = 8 << 20; }

  std::vector<TimelineItem> Batch(uint32_t first) {
    std::vector<TimelineItem> items;
    for (uint32_t i = 0; i < 4; ++i) {
      auto container = MakeContainer("c" + std::to_string(first + i), std::to_string(first + i));
      items.push_back(TimelineRow{first + i, MakeEvent(clock_, first + i, container)});
    }
    return items;
  }

  void TearDown() override { timeline_.reset(); }

  FaultPlan plan_{GetParam()};
  FaultyVfs vfs_{&plan_};
};

TEST_P(FaultTest, AFailedWriteLeavesNothingAndCanBeRepeated) {
  Open();
  uint32_t next = 1;
  int failures = 0;
  for (int passes = 0; passes < 25; ++passes) {
    const auto items = Batch(next);
    plan_.Arm(passes);
    absl::Status status = timeline_->Write(items);
    plan_.Disarm();
    if (!status.ok()) {
      ++failures;
      EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) << status;
      ASSERT_EQ(ReadPids().size(), next - 1);
      ASSERT_OK(timeline_->Write(items));
    }
    const TimelineItem extension = TimelineExtension{next, 2, clock_.WallNs()};
    ASSERT_OK(timeline_->Write({&extension, 1}));
    next += 4;
  }
  EXPECT_GE(failures, 5);
  std::vector<uint32_t> expected(next - 1);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(ReadPids(), expected);
  EXPECT_EQ(QueryInt("SELECT count(*) FROM containers"), next - 1);
  EXPECT_EQ(QueryInt("SELECT count(*) FROM events WHERE count = 2"), 25);
  EXPECT_TRUE(timeline_->TakeNotes().empty());
}

TEST_P(FaultTest, RetentionAndHeartbeatFailCleanly) {
  Open();
  ASSERT_OK(timeline_->Write(Batch(1)));
  clock_.AdvanceNs(absl::ToInt64Nanoseconds(options_.retention_age) + kSecond);
  for (uint32_t i = 1; i <= 4; ++i) timeline_->EndRun(i);
  for (int passes = 0; passes < 10; ++passes) {
    plan_.Arm(passes);
    (void)timeline_->Heartbeat();
    (void)timeline_->ApplyRetention();
    plan_.Disarm();
    ASSERT_OK(timeline_->Heartbeat());
  }
  ASSERT_TRUE(timeline_->ApplyRetention().ok());
  EXPECT_TRUE(ReadPids().empty());
}

TEST_P(FaultTest, OpeningFailsOrWorks) {
  for (int passes = 0; passes < 45; ++passes) {
    std::filesystem::remove_all(dir_.path());
    plan_.Arm(passes);
    auto opened = Timeline::Open(options_, &clock_, &report_);
    plan_.Disarm();
    if (!opened.ok()) {
      EXPECT_TRUE(absl::IsUnavailable(opened.status()) ||
                  absl::IsResourceExhausted(opened.status()))
          << opened.status();
    }
    opened = absl::UnknownError("closed");
    Open();  // what an interrupted making left is completed
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_TRUE(report_.notes.empty()) << report_.notes[0];
    ASSERT_OK(timeline_->Write(Batch(1)));
    EXPECT_EQ(ReadPids().size(), 4u);
    timeline_.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, FaultTest,
                         ::testing::Values(SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC));

}  // namespace
}  // namespace nsobs
