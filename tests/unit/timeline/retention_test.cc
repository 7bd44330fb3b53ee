#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RetentionTest : public TimelineFixture {
 protected:
  // Until nothing more is removed, as the observer does over several seconds.
  uint64_t RetainAll() {
    uint64_t removed = 0;
    for (int call = 0; call < 1000; ++call) {
      auto now = timeline_->ApplyRetention();
      EXPECT_TRUE(now.ok()) << now.status().ToString();
      if (!now.ok() || *now == 0) break;
      removed += *now;
    }
    return removed;
  }

  void WriteMany(uint32_t first, uint32_t count) {
    std::vector<TimelineItem> items;
    for (uint32_t i = 0; i < count; ++i) {
      items.push_back(TimelineRow{0, MakeEvent(clock_, first + i)});
      if (items.size() < 500 && i + 1 < count) continue;
      ASSERT_OK(timeline_->Write(items));
      items.clear();
    }
  }
};

TEST_F(RetentionTest, RemovesWhatIsTooOldByItsLastTime) {
  options_.retention_age = absl::Seconds(100);
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2), 7));
  clock_.AdvanceNs(60 * kSecond);
  ASSERT_OK(WriteRow(MakeEvent(clock_, 3)));
  const TimelineItem extension = TimelineExtension{7, 2, clock_.WallNs()};
  ASSERT_OK(timeline_->Write({&extension, 1}));
  timeline_->EndRun(7);
  EXPECT_EQ(RetainAll(), 0u);
  clock_.AdvanceNs(50 * kSecond);
  EXPECT_EQ(RetainAll(), 1u);
  EXPECT_THAT(ReadPids(), ElementsAre(2, 3));
  clock_.AdvanceNs(60 * kSecond);
  EXPECT_EQ(RetainAll(), 2u);
  EXPECT_THAT(ReadPids(), IsEmpty());
}

// The host's clock can't be stepped by a test (CLOCK_REALTIME is in no namespace): here it is.
TEST_F(RetentionTest, AClockThatIsSetForwardForAWhileRemovesNothing) {
  options_.retention_age = absl::Hours(24 * 14);
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  SnapshotRow look;
  look.record = {{"version", 1}};
  look.wall_ns = clock_.WallNs();
  ASSERT_TRUE(timeline_->WriteSnapshot(look).ok());
  const int64_t ten_years = 3650ll * 24 * 3600 * kSecond;
  clock_.StepWallNs(ten_years);
  EXPECT_EQ(RetainAll(), 0u);
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2)));
  clock_.AdvanceNs(23 * 3600 * kSecond);
  EXPECT_EQ(RetainAll(), 0u);
  clock_.StepWallNs(-ten_years);
  EXPECT_EQ(RetainAll(), 0u);
  ASSERT_OK(WriteRow(MakeEvent(clock_, 3)));
  EXPECT_THAT(ReadPids(), ElementsAre(1, 2, 3));
  EXPECT_EQ(QueryInt("SELECT count(*) FROM snapshots"), 1);
}

TEST_F(RetentionTest, AClockThatStaysWhereItWasSetIsBelievedAfterADay) {
  options_.retention_age = absl::Hours(24 * 14);
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  clock_.StepWallNs(30ll * 24 * 3600 * kSecond);
  EXPECT_EQ(RetainAll(), 0u);
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2)));
  clock_.AdvanceNs(25 * 3600 * kSecond);
  EXPECT_EQ(RetainAll(), 1u);
  EXPECT_THAT(ReadPids(), ElementsAre(2));
}

// The boot clock and the wall clock go on alike during suspend; what is old then is old.
TEST_F(RetentionTest, ASuspendOfWeeksCounts) {
  options_.retention_age = absl::Hours(24 * 14);
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  EXPECT_EQ(RetainAll(), 0u);
  clock_.AdvanceNs(15ll * 24 * 3600 * kSecond);
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2)));
  EXPECT_EQ(RetainAll(), 1u);
  EXPECT_THAT(ReadPids(), ElementsAre(2));
}

TEST_F(RetentionTest, LossesAndGapsGoWithTheirEvents) {
  options_.retention_age = absl::Seconds(100);
  Open();
  ObservedEvent loss = MakeEvent(clock_, 0);
  loss.event.kind = EventKind::kLoss;
  loss.event.detail = Loss{};
  ObservedEvent gap = MakeEvent(clock_, 0);
  gap.event.kind = EventKind::kGap;
  gap.event.detail = Gap{};
  ASSERT_OK(timeline_->Write({TimelineRow{0, loss}, TimelineRow{0, gap}}));
  clock_.AdvanceNs(101 * kSecond);
  EXPECT_EQ(RetainAll(), 2u);
  EXPECT_EQ(QueryInt("SELECT (SELECT count(*) FROM losses) + (SELECT count(*) FROM gaps)"), 0);
}

TEST_F(RetentionTest, KeepsTheSizeAndTheNewest) {
  options_.retention_bytes = 8 << 20;
  Open();
  uint32_t next = 1;
  for (int round = 0; round < 6; ++round) {
    WriteMany(next, 1500);
    next += 1500;
    RetainAll();
    EXPECT_LE(timeline_->SizeBytes(), options_.retention_bytes) << "round " << round;
  }
  const std::vector<uint32_t> pids = ReadPids();
  ASSERT_GT(pids.size(), 1000u);  // not much more than needed was removed
  ASSERT_LT(pids.size(), 9000u);
  for (size_t i = 0; i < pids.size(); ++i) ASSERT_EQ(pids[i], next - pids.size() + i);
}

TEST_F(RetentionTest, SpaceGoesBackToTheFilesystem) {
  options_.retention_age = absl::Seconds(100);
  Open();
  WriteMany(1, 4000);
  const uint64_t full = timeline_->SizeBytes();
  clock_.AdvanceNs(101 * kSecond);
  EXPECT_EQ(RetainAll(), 4000u);
  for (int call = 0; call < 20; ++call) ASSERT_TRUE(timeline_->ApplyRetention().ok());
  ASSERT_OK(timeline_->Close());
  EXPECT_LT(timeline_->SizeBytes(), full / 5);
}

TEST_F(RetentionTest, RowsOfOpenRunsStayUnderPressure) {
  options_.retention_bytes = 4 << 20;
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1), 7));
  WriteMany(2, 4000);
  RetainAll();
  const TimelineItem extension = TimelineExtension{7, 99, clock_.WallNs()};
  ASSERT_OK(timeline_->Write({&extension, 1}));
  EXPECT_THAT(timeline_->TakeNotes(), IsEmpty());
  const auto events = Read({.limit = 1});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["process"]["pid"], 1);
  EXPECT_EQ(events[0]["count"], 99);
  timeline_->EndRun(7);
  WriteMany(20002, 1500);
  RetainAll();
  EXPECT_GT(ReadPids({.limit = 1}).at(0), 1u);
}

TEST_F(RetentionTest, AnExtensionOfARowThatWasTooOldIsDroppedWithANote) {
  options_.retention_age = absl::Seconds(100);
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1), 7));
  clock_.AdvanceNs(101 * kSecond);
  EXPECT_EQ(RetainAll(), 1u);
  const TimelineItem extension = TimelineExtension{7, 2, clock_.WallNs()};
  ASSERT_OK(timeline_->Write({&extension, 1}));
  EXPECT_THAT(timeline_->TakeNotes(), ElementsAre(::testing::HasSubstr("1 extensions")));
}

TEST_F(RetentionTest, OwnersGoWhenTheyAreDeadAndNoEventNamesThem) {
  options_.retention_age = absl::Seconds(100);
  Open();
  auto dead = MakeContainer("dead", "d1");
  dead->died_boot_ns = clock_.BootNs();
  auto named = MakeContainer("named", "d2");
  named->died_boot_ns = clock_.BootNs();
  auto entered = MakeContainer("entered", "d3");
  entered->died_boot_ns = clock_.BootNs();
  auto alive = MakeContainer("alive", "d4");
  ASSERT_OK(timeline_->UpsertContainers({dead, named, entered, alive}));
  ASSERT_OK(timeline_->UpsertNamespaces(
      {{.kind = NamespaceKind::kNet, .identity = {1, 1}, .died_wall_ns = clock_.WallNs()},
       {.kind = NamespaceKind::kNet, .identity = {2, 2}}}));
  clock_.AdvanceNs(101 * kSecond);
  ObservedEvent event = MakeEvent(clock_, 1, named);
  event.entered = true;
  event.entered_from = entered;
  ASSERT_OK(WriteRow(event));
  RetainAll();
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  std::vector<std::string> names;
  const auto containers = (*reader)->Containers();
  ASSERT_TRUE(containers.ok());
  for (const auto& c : *containers) names.push_back(c.container.name);
  EXPECT_THAT(names, ElementsAre("named", "entered", "alive"));
  ASSERT_EQ((*reader)->Namespaces()->size(), 1u);
  EXPECT_EQ((*reader)->Namespaces()->at(0).identity.inode, 2u);
}

// Made and gone by the thousand, however young, they neither fill the file nor push out what
// happened.
TEST_F(RetentionTest, ShortLivedNamespacesNeverFillTheFile) {
  options_.retention_bytes = 4 << 20;
  Open();
  WriteMany(1, 500);
  ASSERT_OK(timeline_->UpsertNamespaces({{.kind = NamespaceKind::kNet, .identity = {7, 7}}}));
  for (uint64_t batch = 0; batch < 60; ++batch) {
    std::vector<Timeline::NamespaceRow> rows;
    for (uint64_t i = 1; i <= 1000; ++i) {
      const auto id = 1000 + batch * 1000 + i;
      rows.push_back({.kind = NamespaceKind::kUser,
                      .identity = {static_cast<uint32_t>(id), id},
                      .died_wall_ns = clock_.WallNs()});
    }
    ASSERT_OK(timeline_->UpsertNamespaces(rows));
  }
  EXPECT_LT(QueryInt("SELECT count(*) FROM namespaces"), 6000);
  EXPECT_EQ(QueryInt("SELECT count(*) FROM namespaces WHERE ns_id = 7"), 1) << "that one lives";
  RetainAll();
  EXPECT_EQ(ReadPids().size(), 500u) << "events went for the sake of namespaces";
  EXPECT_LT(timeline_->SizeBytes(), 4u << 20);
}

// The cache of rows must not outlive the rows.
TEST_F(RetentionTest, AContainerThatComesBackGetsANewRow) {
  options_.retention_age = absl::Seconds(100);
  Open();
  auto web = MakeContainer("web", "d1");
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1, web)));
  auto died = MakeContainer("web", "d1");
  died->died_boot_ns = clock_.BootNs();
  ASSERT_OK(timeline_->UpsertContainers({died}));
  clock_.AdvanceNs(101 * kSecond);
  EXPECT_EQ(RetainAll(), 1u);
  EXPECT_EQ(QueryInt("SELECT count(*) FROM containers"), 0);
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2, web)));
  EXPECT_THAT(ReadPids({.container = "web"}), ElementsAre(2));
}

}  // namespace
}  // namespace nsobs
