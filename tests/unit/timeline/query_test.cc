#include <numeric>

#include "absl/time/clock.h"
#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Events by pid, a second apart:
//   1 host    2 web    3 web, came in from db    4 db    5 host, entered web    6 db in a pod
//   7 web of an earlier id    8 "blue", a plain namespace
class QueryTest : public TimelineFixture {
 protected:
  void SetUp() override {
    Open();
    web_ = MakeContainer("web", "7c75aa00");
    db_ = MakeContainer("db", "7c75bb00");
    pod_db_ = MakeContainer("db", "1111");
    pod_db_->pod = "shop";
    pod_db_->pod_namespace = "prod";
    old_web_ = MakeContainer("web", "99ff");
    blue_ = MakeContainer("blue", "net:[4026532000]");
    blue_->runtime = "netns";
    const std::vector<ContainerRef> owners = {nullptr, web_,    web_,     db_,
                                              web_,    pod_db_, old_web_, blue_};
    for (size_t i = 0; i < owners.size(); ++i) {
      ObservedEvent event = MakeEvent(clock_, static_cast<uint32_t>(i + 1), owners[i]);
      event.entered = i == 2 || i == 4;
      if (i == 2) event.entered_from = db_;
      event.event.process.namespaces[NamespaceKind::kNet].inode = 1000 + static_cast<uint32_t>(i);
      event.event.process.namespaces[NamespaceKind::kMnt].inode = i == 7 ? 1001 : 2000;
      if (i % 2 == 1) {
        event.event.kind = EventKind::kOomKill;
        event.event.detail = OomKill{};
      }
      ASSERT_OK(WriteRow(event));
      clock_.AdvanceNs(kSecond);
    }
  }

  absl::Status StatusOf(const EventQuery& query) {
    auto reader = TimelineReader::Open(dir_.path());
    if (!reader.ok()) return reader.status();
    return (*reader)->Events(query, [](const StoredEvent&) { return true; });
  }

  std::shared_ptr<Container> web_, db_, pod_db_, old_web_, blue_;
};

TEST_F(QueryTest, ByContainer) {
  const std::vector<std::pair<std::string, std::vector<uint32_t>>> cases = {
      {"", {1, 2, 3, 4, 5, 6, 7, 8}},
      {"host", {1, 5}},       // 5 runs in web but came from the host
      {"web", {2, 3, 5, 7}},  // both that had the name
      {"7c75aa00", {2, 3, 5}},
      {"7c75b", {3, 4}},  // 3 came out of db
      {"db", {3, 4, 6}},
      {"shop/db", {6}},
      {"prod/shop/db", {6}},
      {"99", {7}},
      {"blue", {8}},
      {"net:[4026532000]", {8}}};
  for (const auto& [container, pids] : cases) {
    EXPECT_EQ(ReadPids({.container = container}), pids) << container;
    std::vector<uint32_t> reversed(pids.rbegin(), pids.rend());
    EXPECT_EQ(ReadPids({.container = container, .newest_first = true}), reversed) << container;
  }
}

TEST_F(QueryTest, UnknownAndAmbiguousContainers) {
  for (const char* name :
       {"nobody", "shop/web", "test/shop/db", "a/b/c/d", "7c75%", "_", "7C75AA00"}) {
    EXPECT_TRUE(absl::IsNotFound(StatusOf({.container = name}))) << name;
  }
  const absl::Status status = StatusOf({.container = "7c75"});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("ambiguous"), HasSubstr("7c75aa00 (web)"), HasSubstr("7c75bb00 (db)"),
                    Not(HasSubstr("99ff"))));
}

TEST_F(QueryTest, CandidatesAreFitForATerminal) {
  auto evil = MakeContainer("\x1b[31mroot", "7c75aa01");
  ASSERT_OK(timeline_->UpsertContainers({evil}));
  const absl::Status status = StatusOf({.container = "7c75aa0"});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(std::string(status.message()).find('\x1b'), std::string::npos);
}

TEST_F(QueryTest, ANameDoesNotShadowAnId) {
  auto impostor = MakeContainer("7c75aa00", "ee00");
  ASSERT_OK(WriteRow(MakeEvent(clock_, 66, impostor)));
  EXPECT_THAT(ReadPids({.container = "7c75aa00"}), ElementsAre(2, 3, 5));
  EXPECT_THAT(ReadPids({.container = "ee"}), ElementsAre(66));
  auto host = MakeContainer("host", "ee11");
  ASSERT_OK(WriteRow(MakeEvent(clock_, 67, host)));
  EXPECT_THAT(ReadPids({.container = "host"}), ElementsAre(1, 5));
}

TEST_F(QueryTest, ByTime) {
  const int64_t t = kStartWall;
  const std::vector<
      std::tuple<std::optional<int64_t>, std::optional<int64_t>, std::vector<uint32_t>>>
      cases = {{t + 5 * kSecond, std::nullopt, {6, 7, 8}},
               {t + 5 * kSecond + 1, std::nullopt, {7, 8}},
               {std::nullopt, t + 2 * kSecond, {1, 2}},
               {std::nullopt, t + 2 * kSecond + 1, {1, 2, 3}},
               {t + kSecond, t + 3 * kSecond, {2, 3}},
               {t + 9 * kSecond, std::nullopt, {}},
               {std::nullopt, t, {}},
               {t + 3 * kSecond, t + kSecond, {}}};
  for (const auto& [since, until, pids] : cases) {
    EXPECT_EQ(ReadPids({.since_wall_ns = since, .until_wall_ns = until}), pids);
  }
}

TEST_F(QueryTest, ARunThatReachesIntoTheTimeIsPartOfIt) {
  ASSERT_OK(WriteRow(MakeEvent(clock_, 100), 1));
  const TimelineItem extension = TimelineExtension{1, 2, clock_.WallNs() + 10 * kSecond};
  ASSERT_OK(timeline_->Write({&extension, 1}));
  clock_.AdvanceNs(5 * kSecond);
  EXPECT_THAT(ReadPids({.since_wall_ns = clock_.WallNs()}), ElementsAre(100));
  EXPECT_THAT(ReadPids({.since_wall_ns = clock_.WallNs(), .until_wall_ns = clock_.WallNs() + 1}),
              ElementsAre(100));
}

TEST_F(QueryTest, ClocksThatWereSetBackHideNothing) {
  ObservedEvent early = MakeEvent(clock_, 100);
  early.wall_ns = early.last_wall_ns = kStartWall + 3 * kSecond;
  ASSERT_OK(WriteRow(early));
  EXPECT_THAT(ReadPids({.since_wall_ns = kStartWall + 3 * kSecond,
                        .until_wall_ns = kStartWall + 4 * kSecond}),
              ElementsAre(4, 100));
}

TEST_F(QueryTest, ByKindNamespaceIdAndLimit) {
  const std::vector<std::pair<EventQuery, std::vector<uint32_t>>> cases = {
      {{.kinds = {EventKind::kOomKill}}, {2, 4, 6, 8}},
      {{.kinds = {EventKind::kOomKill, EventKind::kSignal}}, {1, 2, 3, 4, 5, 6, 7, 8}},
      {{.kinds = {EventKind::kGap}}, {}},
      {{.namespace_inode = 1001}, {2, 8}},
      {{.namespace_inode = 1001, .namespace_kind = NamespaceKind::kNet}, {2}},
      {{.namespace_inode = 1001, .namespace_kind = NamespaceKind::kMnt}, {8}},
      {{.namespace_inode = 1001, .namespace_kind = NamespaceKind::kPid}, {}},
      {{.namespace_kind = NamespaceKind::kPid, .limit = 2}, {1, 2}},
      {{.after_id = 6}, {7, 8}},
      {{.after_id = 8}, {}},
      {{.after_id = 6, .newest_first = true}, {8, 7}},
      {{.limit = 3}, {1, 2, 3}},
      {{.limit = 3, .newest_first = true}, {8, 7, 6}},
      {{.container = "web", .kinds = {EventKind::kOomKill}, .limit = 1}, {2}},
      {{.since_wall_ns = kStartWall + 2 * kSecond, .container = "web", .after_id = 1}, {3, 5, 7}}};
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(ReadPids(cases[i].first), cases[i].second) << "case " << i;
  }
}

TEST_F(QueryTest, EveryKindOfNamespaceHasItsColumn) {
  ObservedEvent event = MakeEvent(clock_, 100);
  for (NamespaceKind kind : kNamespaceKinds) {
    event.event.process.namespaces[kind].inode = 5000 + static_cast<uint32_t>(kind);
  }
  ASSERT_OK(WriteRow(event));
  for (NamespaceKind kind : kNamespaceKinds) {
    for (NamespaceKind other : kNamespaceKinds) {
      const EventQuery query{.namespace_inode = 5000 + static_cast<uint32_t>(kind),
                             .namespace_kind = other};
      EXPECT_EQ(ReadPids(query).size(), kind == other ? 1u : 0u) << Name(kind) << Name(other);
    }
  }
}

TEST_F(QueryTest, TheVisitorCanStop) {
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_TRUE(reader.ok());
  std::vector<int64_t> ids;
  ASSERT_OK((*reader)->Events({}, [&](const StoredEvent& event) {
    ids.push_back(event.id);
    return ids.size() < 2;
  }));
  EXPECT_THAT(ids, ElementsAre(1, 2));
}

// More than a page, from several merged sources, each event once.
TEST_F(QueryTest, LongAnswersAreCompleteAndInOrder) {
  std::vector<TimelineItem> items;
  for (uint32_t i = 0; i < 900; ++i) {
    ObservedEvent event = MakeEvent(clock_, 1000 + i, i % 3 == 0 ? web_ : old_web_);
    event.entered = i % 5 == 0;
    if (event.entered) event.entered_from = web_;
    items.push_back(TimelineRow{0, event});
  }
  ASSERT_OK(timeline_->Write(items));
  std::vector<uint32_t> all(900);
  std::iota(all.begin(), all.end(), 1000);
  EXPECT_EQ(ReadPids({.container = "web", .after_id = 8}), all);
  EXPECT_EQ(ReadPids({.after_id = 8}), all);
  std::reverse(all.begin(), all.end());
  EXPECT_EQ(ReadPids({.container = "web", .after_id = 8, .newest_first = true}), all);
}

TEST_F(QueryTest, ANameThatManyContainersHad) {
  std::vector<uint32_t> pids;
  for (uint32_t i = 0; i < 100; ++i) {
    auto again = MakeContainer("looping", "f" + std::to_string(1000 + i));
    ASSERT_OK(WriteRow(MakeEvent(clock_, 200 + i, again)));
    pids.push_back(200 + i);
  }
  EXPECT_EQ(ReadPids({.container = "looping"}), pids);
}

TEST_F(QueryTest, FiltersAreNotSql) {
  for (const char* text : {"' OR 1=1 --", "web'", "\"web\"", "%", "*", ""}) {
    const absl::Status status = StatusOf({.container = text});
    EXPECT_EQ(status.ok(), std::string(text).empty()) << text;
  }
  EXPECT_THAT(ReadPids({.namespace_inode = 0}), IsEmpty());
}

TEST_F(QueryTest, PageByPageFromTheNewest) {
  EventQuery query;
  query.newest_first = true;
  query.limit = 3;
  std::vector<uint32_t> pids;
  for (int64_t before : {0, 6, 3}) {
    query.before_id = before;
    for (uint32_t pid : ReadPids(query)) pids.push_back(pid);
  }
  EXPECT_THAT(pids, ElementsAre(8, 7, 6, 5, 4, 3, 2, 1));
  query.container = "web";
  query.before_id = 5;
  EXPECT_THAT(ReadPids(query), ElementsAre(3, 2));
}

TEST_F(QueryTest, ByText) {
  const std::vector<std::pair<std::string, std::vector<uint32_t>>> cases = {
      {"SHOP", {6}},      // in either case
      {"7c75b", {3, 4}},  // 3 came in from it
      {"%", {}},          // means itself
      {"_", {1, 2, 3, 4, 5, 6, 7, 8}},
      {"sle_p", {}},
      {"\"; DROP TABLE events", {}},
  };
  for (const auto& [text, pids] : cases) {
    EventQuery query;
    query.text = text;
    EXPECT_EQ(ReadPids(query), pids) << text;
  }
}

TEST_F(QueryTest, HeadsOnly) {
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_OK(reader.status());
  EventQuery query;
  query.container = "web";
  query.heads_only = true;
  std::vector<StoredEvent> heads;
  ASSERT_OK((*reader)->Events(query, [&](const StoredEvent& event) {
    heads.push_back(event);
    return true;
  }));
  ASSERT_EQ(heads.size(), 4u);
  EXPECT_EQ(heads[1].id, 3);
  EXPECT_EQ(heads[1].json, "");
  EXPECT_EQ(heads[1].time_ns, kStartWall + 2 * kSecond);
  EXPECT_EQ(heads[0].kind, EventKind::kOomKill);
  EXPECT_GT(heads[1].container, 0);
  EXPECT_GT(heads[1].entered_from.value_or(0), 0);
  EXPECT_EQ(heads[0].entered_from, std::nullopt);
  EXPECT_EQ(heads[2].entered_from, 0) << "from the host";
  EXPECT_EQ(heads[1].namespaces[static_cast<size_t>(NamespaceKind::kNet)], 1002u);
}

TEST_F(QueryTest, ADeadlineEndsTheWork) {
  auto reader = TimelineReader::Open(dir_.path());
  ASSERT_OK(reader.status());
  Exec(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
      "INSERT INTO events SELECT NULL, time_ns, last_time_ns, boot_ns, kind, count, container, "
      "entered_from, pid, ns_cgroup, ns_ipc, ns_mnt, ns_net, ns_pid, ns_time, ns_user, ns_uts, "
      "body FROM events JOIN n ON events.id = 1");
  EventQuery query;
  query.text = "nowhere in there";
  const auto none = [](const StoredEvent&) { return true; };
  (*reader)->SetDeadline(absl::Now());
  EXPECT_TRUE(absl::IsCancelled((*reader)->Events(query, none)));
  (*reader)->SetDeadline(absl::InfiniteFuture());
  ASSERT_OK((*reader)->Events(query, none));
}

}  // namespace
}  // namespace nsobs
