#include "userspace/main/top/top_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/unit/main/samples.h"
#include "tests/unit/main/top/top_samples.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNow = kSampleWallNs + 60 * kTopSecond;

TopQuestion Ask(TopSort sort = TopSort::kTrouble, const std::string& filter = "") {
  return {.now_wall_ns = kNow, .window_ns = 600 * kTopSecond, .filter = filter, .sort = sort};
}

std::vector<std::string> Labels(const TopModel& model) {
  std::vector<std::string> labels;
  for (const TopRow& row : model.rows) labels.push_back(row.label);
  return labels;
}

const TopRow& Row(const TopModel& model, const std::string& label) {
  for (const TopRow& row : model.rows) {
    if (row.label == label) return row;
  }
  ADD_FAILURE() << "no row " << label;
  static const TopRow none;
  return none;
}

TopStore StoreOf(const std::vector<StoredEvent>& events) {
  TopStore store;
  for (const StoredEvent& stored : events) store.Put(*TopEventOf(stored));
  return store;
}

TEST(TopModelTest, TheWorstContainerIsFirstAndTheHostIsNone) {
  const TopStore store = TopSampleStore(kNow);
  const TopModel model = BuildTopModel(store, Ask());
  ASSERT_FALSE(model.rows.empty());
  EXPECT_EQ(model.rows[0].label, "web");
  EXPECT_EQ(model.rows[0].level, TopLevel::kCertain);
  EXPECT_EQ(model.rows[0].findings, 1u);
  EXPECT_THAT(model.rows[0].headline, HasSubstr("net-loopback: web cannot reach 127.0.0.1:5432"));
  EXPECT_EQ(Row(model, "host").level, TopLevel::kFailing);
  EXPECT_EQ(Labels(model).back(), "host") << "without a finding of its own it never leads";
  EXPECT_EQ(model.containers, model.rows.size() - 1);
  EXPECT_EQ(model.in_trouble, 3u) << "web, shop/db and the guessed one";
  EXPECT_EQ(model.unseen, 2u) << "a loss and a gap";
}

TEST(TopModelTest, RunsAreCountedInFullAndTheHostsQuietDeedsNotAtAll) {
  const TopStore store = TopSampleStore(kNow);
  EXPECT_GT(Row(BuildTopModel(store, Ask()), "web").failures, 500'000u);
  for (const auto& [id, event] : store.events()) {
    EXPECT_TRUE(event.owner != kTopHost || event.role != TopRole::kOther) << event.what;
  }
}

TEST(TopModelTest, AnEntryIsNoFailure) {
  const TopStore store = TopSampleStore(kNow);
  const TopModel model = BuildTopModel(store, Ask());
  const TopRow& web = Row(model, "web");
  EXPECT_GE(web.strangers, 1u);
  const TopStory story = StoryOf(store, web.owner, Ask());
  ASSERT_FALSE(story.entries.empty());
  EXPECT_THAT(story.entries[0].event->who, HasSubstr("nsenter[9001], uid 0, from host"));
  EXPECT_THAT(story.entries[0].kinds, ElementsAre("mnt", "net"));
  for (const TopEvent* event : story.failures) EXPECT_NE(event->role, TopRole::kEntry);
}

TEST(TopModelTest, OneProcessIsOneEntryWhateverItCameInto) {
  TopStore store;
  for (int64_t id = 1; id <= 3; ++id) {
    TopEvent event;
    event.id = id;
    event.owner = "runc:a";
    event.last_wall_ns = kNow;
    event.role = TopRole::kEntry;
    event.who = id == 3 ? "sh[8]" : "nsenter[7]";
    event.kinds = {id == 1 ? "net" : "mnt"};
    store.Put(event);
  }
  const TopStory story = StoryOf(store, "runc:a", Ask());
  ASSERT_EQ(story.entries.size(), 2u);
  EXPECT_EQ(story.entries[0].event->who, "sh[8]") << "newest first";
  EXPECT_THAT(story.entries[1].kinds, ElementsAre("mnt", "net"));
}

TEST(TopModelTest, WhatLeftTheWindowIsNotShown) {
  const TopStore store =
      StoreOf({ConnectFailureOf("old", 1, -601, 1), ConnectFailureOf("new", 2, -500, 3)});
  const TopQuestion question{.now_wall_ns = kSampleWallNs, .window_ns = 600 * kTopSecond};
  const TopModel model = BuildTopModel(store, question);
  EXPECT_THAT(Labels(model), ElementsAre("new"));
  EXPECT_EQ(model.failures, 3u);
  EXPECT_FALSE(model.rows[0].known) << "the timeline has no row of it";
  EXPECT_TRUE(StoryOf(store, "runc:old", question).failures.empty());
}

TEST(TopModelTest, Sorts) {
  const TopStore store = StoreOf({ConnectFailureOf("b", 1, 1, 90), ConnectFailureOf("c", 2, 3, 5),
                                  ConnectFailureOf("a", 3, 2, 7)});
  EXPECT_THAT(Labels(BuildTopModel(store, Ask(TopSort::kTrouble))), ElementsAre("c", "a", "b"));
  EXPECT_THAT(Labels(BuildTopModel(store, Ask(TopSort::kRecent))), ElementsAre("c", "a", "b"));
  EXPECT_THAT(Labels(BuildTopModel(store, Ask(TopSort::kFailures))), ElementsAre("b", "a", "c"));
  EXPECT_THAT(Labels(BuildTopModel(store, Ask(TopSort::kName))), ElementsAre("a", "b", "c"));
}

TEST(TopModelTest, WhatIsOverStandsBelowWhatIsAlive) {
  TopStore store =
      StoreOf({ConnectFailureOf("gone", 1, 0, 1), ConnectFailureOf("alive", 2, -9, 1)});
  StoredContainer gone;
  gone.container.name = gone.container.id = "gone";
  gone.container.runtime = "runc";
  gone.container.certain = true;
  gone.died_wall_ns = kSampleWallNs;
  store.SetContainers({gone}, 0);
  TopQuestion question = Ask();
  question.now_wall_ns = kSampleWallNs + 30 * kTopSecond;
  EXPECT_THAT(Labels(BuildTopModel(store, question)), ElementsAre("gone", "alive"));
  EXPECT_EQ(BuildTopModel(store, question).in_trouble_now, 2u);
  question.now_wall_ns = kSampleWallNs + 61 * kTopSecond;
  EXPECT_THAT(Labels(BuildTopModel(store, question)), ElementsAre("alive", "gone"));
  EXPECT_EQ(BuildTopModel(store, question).in_trouble_now, 0u);
}

TEST(TopModelTest, FilterTakesNameIdImageAndCase) {
  const TopStore store = TopSampleStore(kNow);
  EXPECT_THAT(Labels(BuildTopModel(store, Ask(TopSort::kTrouble, "SHOP/D"))),
              ElementsAre("shop/db"));
  EXPECT_THAT(Labels(BuildTopModel(store, Ask(TopSort::kTrouble, "7c7541"))), ElementsAre("web"));
  EXPECT_THAT(Labels(BuildTopModel(store, Ask(TopSort::kTrouble, "net-loopback"))),
              ElementsAre("web"));
  const TopModel none = BuildTopModel(store, Ask(TopSort::kTrouble, "nothing like it"));
  EXPECT_TRUE(none.rows.empty());
  EXPECT_EQ(none.filtered_out, none.containers + 1);
}

TEST(TopStoreTest, IsBoundedAndSaysWhatItLeftOut) {
  TopStore store;
  for (int64_t id = 1; id <= static_cast<int64_t>(kTopMaxEvents) + 5; ++id) {
    TopEvent event;
    event.id = id;
    event.last_wall_ns = id;
    store.Put(event);
  }
  EXPECT_EQ(store.events().size(), kTopMaxEvents);
  EXPECT_EQ(store.left_out_until_wall_ns(), 5);
  store.Expire(6);
  EXPECT_EQ(store.left_out_until_wall_ns(), 0) << "that is out of the window now";

  std::vector<StoredContainer> many(kTopMaxContainers + 3);
  for (size_t i = 0; i < many.size(); ++i) many[i].container.id = absl::StrCat(i);
  store.SetContainers(many, 0);
  EXPECT_EQ(store.containers().size(), kTopMaxContainers);
  EXPECT_EQ(store.containers_left_out(), 3u);
}

TEST(TopStoreTest, ARestartedContainerIsItsNewestSelf) {
  StoredContainer before, after;
  before.container.id = after.container.id = "a";
  before.died_wall_ns = 5;
  TopStore store;
  store.SetContainers({before, after}, 0);
  ASSERT_EQ(store.containers().size(), 1u);
  EXPECT_EQ(store.containers()[0].died_wall_ns, 0);
}

TEST(TopEventTest, HostileTextIsHarmless) {
  for (const StoredEvent& stored : TopSampleEvents()) {
    const auto event = TopEventOf(stored);
    if (!event) continue;
    for (const std::string& text : {event->label, event->what, event->ns, event->who}) {
      EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    }
  }
  const auto hostile = TopFindingOf(TopSampleFindings()[1]);
  ASSERT_TRUE(hostile);
  EXPECT_EQ(hostile->summary, "x\\x1b[2J\\x07");
}

TEST(TopEventTest, NotJsonIsNothing) {
  EXPECT_FALSE(TopEventOf({1, "nonsense"}));
  EXPECT_FALSE(TopEventOf({1, "[]"}));
  EXPECT_TRUE(TopEventOf({1, "{\"kind\":\"oom_kill\",\"count\":-5,\"container\":7}"}));
}

}  // namespace
}  // namespace nsobs
