// Snapshots and findings: stored, read back, their pointers to events, and their end.
#include "tests/unit/timeline/timeline_fixture.h"
#include "userspace/event/event_json.h"
#include "userspace/timeline/serial_rows.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

Finding MakeFinding(const std::string& case_id, std::vector<uint64_t> serials = {}) {
  Finding finding;
  finding.case_id = case_id;
  finding.summary = "nothing listens on 127.0.0.1:5432 in web";
  finding.confidence = Confidence::kCertain;
  finding.evidence = {{"no listener", "/net/listeners", Json::array()}};
  finding.fix = "use db:5432";
  finding.check = "nsobserver enter web -- ss -ltn";
  finding.event_serials = std::move(serials);
  return finding;
}

class SnapshotTest : public TimelineFixture {
 protected:
  void SetUp() override { Open(); }

  ObservedEvent EventWithSerial(uint32_t pid, uint64_t serial) {
    ObservedEvent event = MakeEvent(clock_, pid);
    event.serial = serial;
    return event;
  }

  SnapshotRow MakeRow(ContainerRef container, std::vector<Finding> findings = {}) {
    SnapshotRow row;
    row.record = {{"version", 1}, {"trigger", nullptr}, {"before", Json::array()}};
    row.container = container;
    row.container_json = ToJson(container);
    row.target = container == nullptr ? "host" : container->name;
    row.rule = "connect_failure";
    row.severity = "warning";
    row.wall_ns = clock_.WallNs();
    row.findings = std::move(findings);
    return row;
  }

  std::unique_ptr<TimelineReader> Reader() {
    auto reader = TimelineReader::Open(dir_.path());
    EXPECT_TRUE(reader.ok()) << reader.status();
    return *std::move(reader);
  }

  std::vector<int64_t> FindingIds(const RecordQuery& query = {}) {
    std::vector<int64_t> ids;
    const absl::Status status = Reader()->Findings(query, [&](const StoredFinding& f) {
      ids.push_back(f.id);
      return true;
    });
    EXPECT_TRUE(status.ok()) << status;
    return ids;
  }

  std::vector<int64_t> SnapshotIds(const RecordQuery& query = {}) {
    std::vector<int64_t> ids;
    const absl::Status status = Reader()->Snapshots(query, [&](const StoredSnapshot& s) {
      ids.push_back(s.id);
      return true;
    });
    EXPECT_TRUE(status.ok()) << status;
    return ids;
  }
};

TEST_F(SnapshotTest, ComesBackWithItsFindings) {
  const auto web = MakeContainer("web", "7c75");
  SnapshotRow row = MakeRow(web, {MakeFinding("net-loopback"), MakeFinding("net-dns")});
  row.record["trigger"] = {{"rule", "connect_failure"}, {"summary", "3 failed"}};
  const auto id = timeline_->WriteSnapshot(row);
  ASSERT_OK(id.status());
  EXPECT_EQ(*id, 1);

  auto reader = Reader();
  const auto stored = reader->Snapshot(1);
  ASSERT_OK(stored.status());
  EXPECT_EQ(Json::parse(stored->record), row.record);
  EXPECT_EQ(stored->raw_bytes, static_cast<int64_t>(stored->record.size()));
  EXPECT_EQ(stored->wall_ns, clock_.WallNs());
  const Json head = Json::parse(stored->json);
  EXPECT_EQ(head["id"], 1);
  EXPECT_EQ(head["target"], "web");
  EXPECT_EQ(head["container"], ToJson(ContainerRef(web)));
  EXPECT_EQ(head["rule"], "connect_failure");
  EXPECT_EQ(head["summary"], "3 failed");
  EXPECT_EQ(head["findings"], Json({1, 2}));

  const auto finding = reader->Finding(2);
  ASSERT_OK(finding.status());
  Json want = {{"id", 2}};
  want.update(ToJson(row.findings[1], row.wall_ns, row.container_json));
  want["events"] = Json::array();
  want["snapshot"] = 1;
  EXPECT_EQ(finding->json, want.dump());
  EXPECT_EQ(finding->case_id, "net-dns");
  EXPECT_EQ(finding->confidence, "certain");
  EXPECT_EQ(*reader->LastFindingId(), 2);
  EXPECT_TRUE(absl::IsNotFound(reader->Finding(3).status()));
  EXPECT_TRUE(absl::IsNotFound(reader->Snapshot(2).status()));
}

TEST_F(SnapshotTest, SerialsBecomeTheIdsOfTheirRows) {
  for (uint32_t i = 1; i <= 3; ++i) ASSERT_OK(WriteRow(EventWithSerial(i, 100 + i)));
  ASSERT_OK(WriteRow(MakeEvent(clock_, 9)));
  SnapshotRow row = MakeRow(nullptr, {MakeFinding("net-dns", {103, 777, 101})});
  row.record["trigger"] = {{"events", {{{"serial", 102}, {"kind", "signal"}}}}};
  row.record["before"] = {{{"kind", "a"}, {"serial", 101}}, {{"serial", 555}, {"kind", "b"}}, 7};
  ASSERT_OK(timeline_->WriteSnapshot(row).status());
  auto reader = Reader();
  const Json record = Json::parse(reader->Snapshot(1)->record);
  EXPECT_EQ(record["trigger"]["events"].dump(), R"([{"id":2,"kind":"signal"}])");
  EXPECT_EQ(record["before"].dump(), R"([{"id":1,"kind":"a"},{"kind":"b"},7])");
  EXPECT_EQ(Json::parse(reader->Finding(1)->json)["events"], Json({3, 1}));
  EXPECT_EQ(Json::parse(reader->Snapshot(1)->json)["events"], Json({2}));
}

TEST_F(SnapshotTest, StrangeRecordsAreStoredAsTheyAre) {
  for (const Json& record :
       {Json(nullptr), Json("x"), Json({{"trigger", 7}, {"before", "x"}}),
        Json({{"trigger", {{"events", 5}}}}), Json({{"trigger", {{"events", {1, nullptr}}}}})}) {
    SnapshotRow row = MakeRow(nullptr);
    row.record = record;
    ASSERT_OK(timeline_->WriteSnapshot(row).status());
  }
  EXPECT_THAT(SnapshotIds(), SizeIs(5));
  EXPECT_TRUE(Reader()->Snapshot(3).ok());
  EXPECT_TRUE(absl::IsDataLoss(Reader()->Snapshot(1).status()));  // a record is an object
}

TEST_F(SnapshotTest, WhatIsTooLargeIsRefusedAndNothingElseHappens) {
  SnapshotRow row = MakeRow(nullptr, {MakeFinding("net-dns")});
  row.record["big"] = std::string(kMaxRecordBytes, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument(timeline_->WriteSnapshot(row).status()));
  EXPECT_THAT(SnapshotIds(), IsEmpty());
  EXPECT_THAT(FindingIds(), IsEmpty());
  EXPECT_THAT(FilesLike("corrupt"), IsEmpty());
}

TEST_F(SnapshotTest, QueriesFilter) {
  const auto web = MakeContainer("web", "7c75");
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(timeline_->WriteSnapshot(MakeRow(web, {MakeFinding("net-dns")})).status());
    ASSERT_OK(timeline_->WriteSnapshot(MakeRow(nullptr, {MakeFinding("oom-host")})).status());
    clock_.AdvanceNs(kSecond);
  }
  EXPECT_THAT(FindingIds({.container = "web"}), ElementsAre(1, 3, 5));
  EXPECT_THAT(FindingIds({.container = "host"}), ElementsAre(2, 4, 6));
  EXPECT_THAT(FindingIds({.case_id = "oom-host", .newest_first = true}), ElementsAre(6, 4, 2));
  EXPECT_THAT(FindingIds({.since_wall_ns = kStartWall + kSecond}), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(FindingIds({.until_wall_ns = kStartWall + kSecond}), ElementsAre(1, 2));
  EXPECT_THAT(FindingIds({.snapshot = 4}), ElementsAre(4));
  EXPECT_THAT(FindingIds({.after_id = 4}), ElementsAre(5, 6));
  EXPECT_THAT(FindingIds({.after_id = 4, .newest_first = true}), ElementsAre(6, 5));
  EXPECT_THAT(FindingIds({.limit = 2, .newest_first = true}), ElementsAre(6, 5));
  EXPECT_THAT(SnapshotIds({.container = "7c", .limit = 2}), ElementsAre(1, 3));
  EXPECT_TRUE(absl::IsNotFound(
      Reader()->Findings({.container = "db"}, [](const StoredFinding&) { return true; })));
}

TEST_F(SnapshotTest, MoreThanAPageInBothDirections) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(
        timeline_->WriteSnapshot(MakeRow(nullptr, std::vector(100, MakeFinding("x")))).status());
  }
  const std::vector<int64_t> up = FindingIds();
  ASSERT_THAT(up, SizeIs(500));
  for (size_t i = 0; i < up.size(); ++i) ASSERT_EQ(up[i], static_cast<int64_t>(i + 1));
  const std::vector<int64_t> down = FindingIds({.newest_first = true});
  EXPECT_TRUE(std::equal(down.begin(), down.end(), up.rbegin(), up.rend()));
}

TEST_F(SnapshotTest, DamageIsToldAndIsNoCrash) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_OK(timeline_->WriteSnapshot(MakeRow(nullptr, {MakeFinding("net-dns")})).status());
  }
  Exec(
      "UPDATE snapshots SET body = x'00ff' WHERE id = 1;"
      "UPDATE snapshots SET raw_bytes = 9000000000 WHERE id = 2;"
      "UPDATE snapshots SET raw_bytes = raw_bytes + 1, head = '{' WHERE id = 3;"
      "UPDATE snapshots SET body = CAST(body || x'00' AS BLOB) WHERE id = 4;"
      "UPDATE findings SET body = '[1' WHERE id = 2");
  auto reader = Reader();
  for (int64_t id = 1; id <= 4; ++id) {
    const absl::Status status = reader->Snapshot(id).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << id << " " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("damaged")) << id;
  }
  EXPECT_TRUE(absl::IsDataLoss(reader->Finding(2).status()));
  std::vector<int64_t> ids;
  const absl::Status status = reader->Findings({}, [&](const StoredFinding& f) {
    ids.push_back(f.id);
    return true;
  });
  EXPECT_THAT(ids, ElementsAre(1, 3, 4));
  EXPECT_EQ(status.message(), "1 damaged findings of the timeline were left out");
}

TEST_F(SnapshotTest, GoWithAge) {
  options_.retention_age = absl::Seconds(100);
  timeline_.reset();
  Open();
  const auto web = MakeContainer("web", "7c75");
  ASSERT_OK(timeline_->UpsertContainers({web}));
  ASSERT_OK(timeline_->WriteSnapshot(MakeRow(web, {MakeFinding("net-dns")})).status());
  clock_.AdvanceNs(60 * kSecond);
  ASSERT_OK(timeline_->WriteSnapshot(MakeRow(nullptr, {MakeFinding("net-dns")})).status());
  ASSERT_OK(timeline_->ApplyRetention().status());
  EXPECT_THAT(SnapshotIds(), ElementsAre(1, 2));
  clock_.AdvanceNs(50 * kSecond);
  ASSERT_OK(timeline_->ApplyRetention().status());
  EXPECT_THAT(SnapshotIds(), ElementsAre(2));
  EXPECT_THAT(FindingIds(), ElementsAre(2));
}

TEST_F(SnapshotTest, TheOldestGoWhenTheirShareIsFullAndTheirFindingsStay) {
  options_.retention_bytes = 4 << 20;
  timeline_.reset();
  Open();
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));
  std::string noise;  // that doesn't compress well
  uint64_t state = 88172645463325252ull;
  for (int i = 0; i < 60'000; ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    noise += static_cast<char>('0' + state % 75);
  }
  for (int i = 0; i < 60; ++i) {
    SnapshotRow row = MakeRow(nullptr, {MakeFinding("net-dns")});
    row.record["noise"] = noise;
    ASSERT_OK(timeline_->WriteSnapshot(row).status());
    ASSERT_OK(timeline_->ApplyRetention().status());
    clock_.AdvanceNs(kSecond);
  }
  const std::vector<int64_t> left = SnapshotIds();
  EXPECT_GT(left.size(), 5u);
  EXPECT_LT(left.size(), 40u);
  EXPECT_EQ(left.back(), 60);
  EXPECT_THAT(FindingIds(), SizeIs(60));
  EXPECT_THAT(ReadPids(), ElementsAre(1));  // events are not driven out
  EXPECT_LE(timeline_->SizeBytes(), options_.retention_bytes);
}

TEST_F(SnapshotTest, AContainerIsKeptAsLongAsAFindingNamesIt) {
  options_.retention_age = absl::Seconds(100);
  timeline_.reset();
  Open();
  auto web = MakeContainer("web", "7c75");
  web->died_boot_ns = clock_.BootNs();
  auto db = MakeContainer("db", "99");
  db->died_boot_ns = clock_.BootNs();
  ASSERT_OK(timeline_->UpsertContainers({web, db}));
  clock_.AdvanceNs(60 * kSecond);
  ASSERT_OK(timeline_->WriteSnapshot(MakeRow(web, {MakeFinding("net-dns")})).status());
  clock_.AdvanceNs(50 * kSecond);
  ASSERT_OK(timeline_->ApplyRetention().status());
  EXPECT_THAT(FindingIds({.container = "web"}), ElementsAre(1));
  EXPECT_EQ(QueryInt("SELECT count(*) FROM containers"), 1);
}

TEST(SerialRowsTest, KnowsTheNewestInAnyOrder) {
  SerialRows rows(3);
  rows.Add(0, 1);
  EXPECT_EQ(rows.size(), 0u);
  rows.Add(10, 1);
  rows.Add(30, 3);
  rows.Add(20, 2);
  EXPECT_EQ(rows.Find(10), 1);
  EXPECT_EQ(rows.Find(20), 2);
  EXPECT_EQ(rows.Find(15), std::nullopt);
  rows.Add(40, 4);
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows.Find(10), std::nullopt);
  rows.Add(40, 5);
  EXPECT_EQ(rows.Find(40), 5);
  rows.Clear();
  EXPECT_EQ(rows.Find(40), std::nullopt);
}

// A file of the first version, as it was released, comes up to date with what is in it.
TEST_F(SnapshotTest, AFileOfTheFirstVersionIsBroughtUpToDate) {
  ASSERT_OK(WriteRow(MakeEvent(clock_, 5)));
  ASSERT_OK(timeline_->Close());
  timeline_.reset();
  Exec(
      "DROP INDEX namespaces_identity; CREATE INDEX namespaces_inode ON namespaces(inode, kind);"
      "ALTER TABLE containers DROP COLUMN enriched; DROP TABLE snapshots; DROP TABLE findings;"
      "CREATE TABLE snapshots (id INTEGER PRIMARY KEY AUTOINCREMENT, time_ns INTEGER NOT NULL,"
      " container INTEGER, target TEXT NOT NULL, body TEXT NOT NULL) STRICT;"
      "CREATE TABLE findings (id INTEGER PRIMARY KEY AUTOINCREMENT, time_ns INTEGER NOT NULL,"
      " case_id TEXT NOT NULL, container INTEGER, snapshot INTEGER, body TEXT NOT NULL) STRICT;"
      "PRAGMA user_version = 1; UPDATE meta SET value = 1 WHERE key = 'schema_version'");
  EXPECT_TRUE(absl::IsFailedPrecondition(TimelineReader::Open(dir_.path()).status()));
  Open();
  EXPECT_THAT(report_.notes, IsEmpty());
  EXPECT_THAT(ReadPids(), ElementsAre(5));
  ASSERT_OK(timeline_->WriteSnapshot(MakeRow(nullptr, {MakeFinding("net-dns")})).status());
  EXPECT_THAT(FindingIds(), ElementsAre(1));
}

}  // namespace
}  // namespace nsobs
