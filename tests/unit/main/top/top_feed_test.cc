#include "userspace/main/top/top_feed.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/unit/main/samples.h"
#include "tests/unit/main/top/top_samples.h"

namespace nsobs {
namespace {

constexpr int64_t kWindow = 600 * kTopSecond;

struct Fixture {
  TopReader reader;
  FakeClock clock{1000 * kTopSecond, kSampleWallNs + 10 * kTopSecond};
  TopFeed feed{&reader, &clock};
  TopStore store;

  bool Look(int64_t window_ns = kWindow) {
    bool changed = false;
    const absl::Status status = feed.Look(window_ns, &store, &changed);
    EXPECT_TRUE(status.ok()) << status;
    return changed;
  }
};

TEST(TopFeedTest, LoadsTheWindowThenWhatIsNew) {
  Fixture f;
  f.reader.rows = {ConnectFailureOf("a", 1, -700, 1), ConnectFailureOf("a", 2, 1, 1)};
  f.reader.findings = TopSampleFindings();
  EXPECT_TRUE(f.Look());
  EXPECT_EQ(f.store.events().size(), 1u) << "the other is older than the window";
  EXPECT_EQ(f.store.findings().size(), 2u);
  EXPECT_FALSE(f.Look()) << "nothing is new";

  f.reader.rows.push_back(ConnectFailureOf("b", 3, 10, 1));
  EXPECT_TRUE(f.Look());
  EXPECT_EQ(f.store.events().size(), 2u);
  EXPECT_EQ(f.reader.queries.back().after_id, 2);
}

TEST(TopFeedTest, SeesWhatGrewAndWhoBeats) {
  Fixture f;
  f.reader.rows = {ConnectFailureOf("a", 1, 10, 1)};
  f.Look();
  f.reader.rows = {ConnectFailureOf("a", 1, 11, 7)};
  f.reader.run.heartbeat_wall_ns = 42;
  f.clock.AdvanceNs(kTopSecond / 4);
  f.Look();
  EXPECT_EQ(f.store.events().at(1).count, 1u) << "once a second is enough";
  f.clock.AdvanceNs(kTopSecond);
  EXPECT_TRUE(f.Look());
  EXPECT_EQ(f.store.events().at(1).count, 7u);
  EXPECT_EQ(f.store.run.heartbeat_wall_ns, 42);
}

TEST(TopFeedTest, AtRestItReadsLittle) {
  Fixture f;
  f.reader.rows = {ConnectFailureOf("a", 1, 1, 1)};
  f.Look();
  f.clock.AdvanceNs(10 * kTopSecond);
  f.Look();
  f.reader.queries.clear();
  f.reader.containers_read = 0;
  for (int quarter = 0; quarter < 40; ++quarter) {
    f.clock.AdvanceNs(kTopSecond / 4);
    f.Look();
  }
  EXPECT_LE(f.reader.queries.size(), 10u) << "once a second what grew";
  EXPECT_LE(f.reader.containers_read, 2);
}

TEST(TopFeedTest, WhatLeavesTheWindowIsForgotten) {
  Fixture f;
  f.reader.rows = {ConnectFailureOf("a", 1, 1, 1)};
  f.Look();
  f.clock.AdvanceNs(kWindow);
  f.Look();
  EXPECT_TRUE(f.store.events().empty());
}

TEST(TopFeedTest, AWiderWindowIsReadAnew) {
  Fixture f;
  f.reader.rows = {ConnectFailureOf("a", 1, -700, 1), ConnectFailureOf("a", 2, 1, 1)};
  f.Look();
  f.feed.Restart();
  EXPECT_TRUE(f.Look(10 * kWindow));
  EXPECT_EQ(f.store.events().size(), 2u);
}

TEST(TopFeedTest, AFileThatWasSetAsideIsReadFromItsBeginning) {
  Fixture f;
  f.reader.rows = {ConnectFailureOf("a", 5, 1, 1)};
  f.Look();
  f.reader.rows = {ConnectFailureOf("b", 1, 2, 1)};
  EXPECT_TRUE(f.Look());
  ASSERT_EQ(f.store.events().size(), 1u);
  EXPECT_EQ(f.store.events().begin()->second.label, "b");
}

TEST(TopFeedTest, TooMuchIsCutAtTheOldEnd) {
  Fixture f;
  const auto most = static_cast<int64_t>(kTopMaxEvents);
  for (int64_t id = 1; id <= most + 2; ++id) {
    f.reader.rows.push_back(ConnectFailureOf("a", id, id <= 2 ? 1 : 2, 1));
  }
  f.Look();
  EXPECT_EQ(f.store.events().size(), kTopMaxEvents);
  EXPECT_EQ(f.store.events().begin()->first, 3);
  EXPECT_EQ(f.store.left_out_until_wall_ns(), kSampleWallNs + kTopSecond);
}

TEST(TopFeedTest, DamagedRowsHideNoOthers) {
  Fixture f;
  f.reader.rows = {ConnectFailureOf("a", 1, 1, 1)};
  f.reader.status = absl::DataLossError("1 damaged");
  EXPECT_TRUE(f.Look());
  EXPECT_EQ(f.store.events().size(), 1u);
}

TEST(TopFeedTest, ABusyFileIsSaid) {
  Fixture f;
  f.reader.last_status = absl::UnavailableError("busy");
  bool changed = false;
  EXPECT_TRUE(absl::IsUnavailable(f.feed.Look(kWindow, &f.store, &changed)));
  f.reader.last_status = absl::OkStatus();
  EXPECT_TRUE(f.Look());
}

}  // namespace
}  // namespace nsobs
