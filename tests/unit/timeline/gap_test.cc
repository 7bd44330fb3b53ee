#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;

class GapTest : public TimelineFixture {
 protected:
  void ExpectGap(const std::string& cause, int64_t from, int64_t to) {
    ASSERT_TRUE(report_.gap.has_value());
    EXPECT_EQ(report_.gap->cause, cause);
    EXPECT_EQ(report_.gap->from_wall_ns, from);
    EXPECT_EQ(report_.gap->to_wall_ns, to);
  }

  ObservedEvent GapEvent() {
    ObservedEvent event = MakeEvent(clock_, 0);
    event.event.kind = EventKind::kGap;
    event.event.detail = *report_.gap;
    return event;
  }
};

TEST_F(GapTest, NoneAtTheFirstStartEver) {
  Open();
  EXPECT_FALSE(report_.gap.has_value());
  EXPECT_THAT(report_.notes, IsEmpty());
}

TEST_F(GapTest, NoneAfterARunThatNeverBeat) {
  Open();
  timeline_.reset();
  Open();
  EXPECT_FALSE(report_.gap.has_value());
}

TEST_F(GapTest, AfterACleanStop) {
  Open();
  ASSERT_OK(timeline_->Heartbeat());
  clock_.AdvanceNs(kSecond);
  ASSERT_OK(timeline_->Close());
  timeline_.reset();
  clock_.AdvanceNs(7 * kSecond);
  Open();
  ExpectGap("stopped", kStartWall + kSecond, kStartWall + 8 * kSecond);
}

TEST_F(GapTest, AfterACrashItBeginsAtTheLastHeartbeat) {
  Open();
  ASSERT_OK(timeline_->Heartbeat());
  clock_.AdvanceNs(kSecond);
  ASSERT_OK(timeline_->Heartbeat());
  clock_.AdvanceNs(kSecond);
  timeline_.reset();
  Open();
  ExpectGap("crashed", kStartWall + kSecond, kStartWall + 2 * kSecond);
}

TEST_F(GapTest, AWriteIsAHeartbeat) {
  Open();
  clock_.AdvanceNs(kSecond);
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  clock_.AdvanceNs(kSecond);
  timeline_.reset();
  Open();
  ExpectGap("crashed", kStartWall + kSecond, kStartWall + 2 * kSecond);
}

TEST_F(GapTest, ARebootExplainsACleanStop) {
  for (const bool clean : {true, false}) {
    Open();
    ASSERT_OK(timeline_->Heartbeat());
    if (clean) ASSERT_OK(timeline_->Close());
    timeline_.reset();
    Exec("UPDATE meta SET value = 'another boot' WHERE key = 'boot_id'");
    Open();
    ExpectGap("host_reboot", clock_.WallNs(), clock_.WallNs());
    timeline_.reset();
  }
}

// A crash right after the start must not hide the gap before it.
TEST_F(GapTest, IsReportedUntilItIsWritten) {
  Open();
  ASSERT_OK(timeline_->Heartbeat());
  ASSERT_OK(timeline_->Close());
  timeline_.reset();
  clock_.AdvanceNs(5 * kSecond);
  Open();
  ExpectGap("stopped", kStartWall, kStartWall + 5 * kSecond);
  timeline_.reset();  // nothing written
  clock_.AdvanceNs(kSecond);
  Open();
  ExpectGap("stopped", kStartWall, kStartWall + 6 * kSecond);
  ASSERT_OK(WriteRow(GapEvent()));
  timeline_.reset();
  clock_.AdvanceNs(kSecond);
  Open();
  ExpectGap("crashed", kStartWall + 6 * kSecond, kStartWall + 7 * kSecond);
  const auto events = Read({.kinds = {EventKind::kGap}});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["gap"]["cause"], "stopped");
  EXPECT_EQ(events[0]["gap"]["from"], FormatRfc3339(kStartWall));
}

TEST_F(GapTest, AClockThatWasSetBackMakesItEmpty) {
  Open();
  ASSERT_OK(timeline_->Heartbeat());
  timeline_.reset();
  clock_.AdvanceNs(-100 * kSecond);
  Open();
  ExpectGap("crashed", clock_.WallNs(), clock_.WallNs());
}

TEST_F(GapTest, TheReaderSeesTheRun) {
  Open();
  clock_.AdvanceNs(kSecond);
  ASSERT_OK(timeline_->Heartbeat());
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  auto state = (*reader)->RunState();
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->started_wall_ns, kStartWall);
  EXPECT_EQ(state->heartbeat_wall_ns, kStartWall + kSecond);
  EXPECT_FALSE(state->clean_stop);
  EXPECT_EQ(state->boot_id, BootId());
  ASSERT_OK(timeline_->Close());
  state = (*reader)->RunState();
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state->clean_stop);
}

}  // namespace
}  // namespace nsobs
