#include <sys/stat.h>

#include "tests/unit/timeline/timeline_fixture.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WriteTest : public TimelineFixture {};

TEST_F(WriteTest, WhatIsWrittenComesBackAsTheContractsObject) {
  Open();
  auto web = MakeContainer("web", "7c75aa");
  ObservedEvent event = MakeEvent(clock_, 42, web);
  event.count = 3;
  event.last_wall_ns += kSecond;
  event.entered = true;
  ASSERT_OK(WriteRow(event));

  nlohmann::ordered_json expected = {{"id", 1}};
  expected.update(ToJson(event));
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  std::string text;
  ASSERT_OK((*reader)->Events({}, [&](const StoredEvent& stored) {
    text = stored.json;
    return true;
  }));
  EXPECT_EQ(text, expected.dump());  // the order of the fields too
}

TEST_F(WriteTest, EveryKindComesBack) {
  Open();
  const std::vector<std::pair<EventKind, EventDetail>> details = {
      {EventKind::kNamespaceChange, NamespaceChange{}},
      {EventKind::kConnectFailure, ConnectFailure{}},
      {EventKind::kSignal, Signal{}},
      {EventKind::kOomKill, OomKill{}},
      {EventKind::kCgroupChange, CgroupChange{}},
      {EventKind::kProcessExec, ProcessExec{}},
      {EventKind::kProcessExit, ProcessExit{}},
      {EventKind::kContainerStart, ContainerStart{}},
      {EventKind::kContainerExit, ContainerExit{}},
      {EventKind::kLoss, Loss{}},
      {EventKind::kGap, Gap{}},
      {EventKind::kEntry, EnterUse{}},
      {EventKind::kPacketDrop, PacketDrop{}},
      {EventKind::kBindFailure, BindFailure{}},
      {EventKind::kFileFailure, FileFailure{}},
      {EventKind::kDnsFailure, DnsFailure{}}};
  ASSERT_EQ(details.size() + 1, kEventKindEnd);
  std::vector<TimelineItem> items;
  for (const auto& [kind, detail] : details) {
    ObservedEvent event = MakeEvent(clock_, 1);
    event.event.kind = kind;
    event.event.detail = detail;
    items.push_back(TimelineRow{0, event});
  }
  ASSERT_OK(timeline_->Write(items));
  const auto events = Read();
  ASSERT_THAT(events, SizeIs(details.size()));
  for (size_t i = 0; i < events.size(); ++i) {
    const std::string name(Name(details[i].first));
    EXPECT_EQ(events[i]["kind"], name);
    EXPECT_TRUE(events[i].contains(name)) << name;
  }
}

TEST_F(WriteTest, BytesThatAreNotUtf8AreStoredAsText) {
  Open();
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  auto container = MakeContainer(every_byte, "id" + every_byte);
  container->labels[every_byte] = every_byte;
  container->image = every_byte;
  ObservedEvent event = MakeEvent(clock_, 7, container);
  event.event.process.comm = every_byte;
  event.event.process.exe_args = every_byte;
  ASSERT_OK(WriteRow(event));
  ASSERT_OK(timeline_->UpsertContainers({container}));
  const auto events = Read();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_THAT(events[0]["process"]["comm"].get<std::string>(), HasSubstr("abc"));
  EXPECT_EQ(QueryInt("SELECT count(*) FROM containers"), 1);
}

TEST_F(WriteTest, AnExtensionChangesCountAndLastTimeOfItsRun) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1), 10));
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2), 20));
  const std::vector<TimelineItem> items = {
      TimelineExtension{10, 5, kStartWall + 2 * kSecond}, TimelineRow{30, MakeEvent(clock_, 3)},
      TimelineExtension{30, 2, kStartWall + kSecond},  // of a row in the same batch
      TimelineExtension{10, 9, kStartWall + 3 * kSecond}};
  ASSERT_OK(timeline_->Write(items));
  const auto events = Read();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[0]["count"], 9);
  EXPECT_EQ(events[0]["time"], FormatRfc3339(kStartWall));
  EXPECT_EQ(events[0]["last_time"], FormatRfc3339(kStartWall + 3 * kSecond));
  EXPECT_EQ(events[1]["count"], 1);
  EXPECT_EQ(events[2]["count"], 2);
  EXPECT_THAT(timeline_->TakeNotes(), IsEmpty());
}

TEST_F(WriteTest, AnExtensionOfNoRunIsDroppedWithANote) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1), 10));
  timeline_->EndRun(10);
  timeline_->EndRun(11);
  const std::vector<TimelineItem> items = {TimelineExtension{10, 5, kStartWall},
                                           TimelineRow{0, MakeEvent(clock_, 2)},
                                           TimelineExtension{0, 5, kStartWall}};
  ASSERT_OK(timeline_->Write(items));
  EXPECT_THAT(timeline_->TakeNotes(), ElementsAre(HasSubstr("2 extensions")));
  EXPECT_THAT(timeline_->TakeNotes(), IsEmpty());
  const auto events = Read();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0]["count"], 1);
}

TEST_F(WriteTest, CountsBeyondSqlitesIntegersAreClamped) {
  Open();
  ObservedEvent event = MakeEvent(clock_, 1);
  event.count = UINT64_MAX;
  ASSERT_OK(WriteRow(event));
  EXPECT_EQ(Read().at(0)["count"], INT64_MAX);
}

TEST_F(WriteTest, LossesAndGapsStandInTheirTablesToo) {
  Open();
  auto web = MakeContainer("web", "7c75");
  ObservedEvent loss = MakeEvent(clock_, 0, web);
  loss.event.kind = EventKind::kLoss;
  loss.event.detail = Loss{EventKind::kConnectFailure, "budget", 12, 100, 200};
  ObservedEvent gap = MakeEvent(clock_, 0);
  gap.event.kind = EventKind::kGap;
  gap.event.detail = Gap{"crashed", 300, 400};
  ASSERT_OK(timeline_->Write({TimelineRow{0, loss}, TimelineRow{0, gap}}));
  EXPECT_EQ(QueryInt("SELECT count(*) FROM losses WHERE event_id = 1 AND of_kind = 2 AND "
                     "cause = 'budget' AND container = 1 AND count = 12 AND from_ns = 100 AND "
                     "to_ns = 200"),
            1);
  EXPECT_EQ(QueryInt("SELECT count(*) FROM gaps WHERE event_id = 2 AND cause = 'crashed' AND "
                     "from_ns = 300 AND to_ns = 400"),
            1);
  EXPECT_THAT(Read(), SizeIs(2));
}

TEST_F(WriteTest, IdsAreNeverReused) {
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  ASSERT_OK(timeline_->Close());
  Exec("DELETE FROM events");
  timeline_.reset();
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2)));
  EXPECT_EQ(Read().at(0)["id"], 2);
}

TEST_F(WriteTest, OnlyTheOwnerMayReadTheFiles) {
  const mode_t before = umask(0);
  options_.directory = dir_.path() + "/made";
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  umask(before);
  struct stat st{};
  ASSERT_EQ(stat(options_.directory.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0700u);
  for (const char* name : {"timeline.db", "timeline.db-wal", "timeline.db-shm", "lock"}) {
    ASSERT_EQ(stat((options_.directory + "/" + name).c_str(), &st), 0) << name;
    EXPECT_EQ(st.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(WriteTest, SizeCountsTheWriteAheadLog) {
  Open();
  const uint64_t before = timeline_->SizeBytes();
  std::vector<TimelineItem> items(100, TimelineRow{0, MakeEvent(clock_, 1)});
  ASSERT_OK(timeline_->Write(items));
  EXPECT_GE(timeline_->SizeBytes(), before + 50'000);
}

TEST_F(WriteTest, BadOptionsAreRefused) {
  const std::vector<std::pair<TimelineOptions, std::string>> cases = {
      {{.directory = ""}, "no storage directory"},
      {{.directory = dir_.path(), .retention_bytes = 1024}, "at least 4 MiB"},
      {{.directory = dir_.path(), .retention_age = absl::ZeroDuration()}, "must be positive"}};
  for (const auto& [options, message] : cases) {
    auto opened = Timeline::Open(options, &clock_, &report_);
    EXPECT_TRUE(absl::IsInvalidArgument(opened.status()));
    EXPECT_THAT(std::string(opened.status().message()), HasSubstr(message));
  }
}

}  // namespace
}  // namespace nsobs
