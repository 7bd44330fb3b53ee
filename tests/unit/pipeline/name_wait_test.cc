// Events that wait for the name of their container.
#include "userspace/pipeline/name_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace nsobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kMillisecond = 1'000'000;

class NameWaitTest : public testing::Test {
 protected:
  // A row of the container with this init.
  WriteItem Row(uint64_t run, uint32_t init, int64_t boot_ns) {
    ObservedEvent observed;
    observed.event.kind = EventKind::kSignal;
    observed.event.boot_ns = boot_ns;
    observed.event.process.pid = init;
    observed.event.detail = Signal{};
    observed.container = Ref(init, "unknown");
    observed.awaits_name = true;
    observed.wall_ns = observed.last_wall_ns = 77;
    WriteItem item;
    item.recorded[1] = 1;
    item.item = TimelineRow{run, std::move(observed)};
    return item;
  }
  bool Hold(uint64_t run, uint32_t init, int64_t boot_ns) {
    WriteItem item = Row(run, init, boot_ns);
    return wait_.Hold(item);
  }
  ContainerRef Ref(uint32_t init, const std::string& name) {
    ContainerRef& ref = refs_[{init, name}];
    if (ref == nullptr) {
      Container container;
      container.name = name;
      ref = std::make_shared<const Container>(std::move(container));
    }
    return ref;
  }
  ObservedEvent Again(Event event) {
    ++asked_;
    ObservedEvent observed;
    const auto named = names_.find(event.process.pid);
    observed.awaits_name = named == names_.end();
    observed.container = Ref(event.process.pid, observed.awaits_name ? "unknown" : named->second);
    observed.wall_ns = observed.last_wall_ns = 99;
    observed.event = std::move(event);
    return observed;
  }
  std::vector<std::string> Names(const std::vector<NameWait::Held>& held) {
    std::vector<std::string> out;
    for (const NameWait::Held& one : held) {
      const auto& row = std::get<TimelineRow>(one.item.item);
      out.push_back(std::to_string(row.run_id) + " " + row.event.container->name);
    }
    return out;
  }

  std::map<uint32_t, std::string> names_;  // by init, of those that have one by now
  int asked_ = 0;
  std::map<std::pair<uint32_t, std::string>, ContainerRef> refs_;
  NameWait wait_{[this](Event event) { return Again(std::move(event)); }};
};

TEST_F(NameWaitTest, WhoHasANameGoesInOrderTheOthersStay) {
  EXPECT_TRUE(Hold(1, 100, 0) && Hold(2, 200, 0) && Hold(3, 100, kMillisecond));
  names_[100] = "web";
  const auto out = wait_.Take(2 * kMillisecond, /*all=*/false);
  EXPECT_THAT(Names(out), ElementsAre("1 web", "3 web"));
  EXPECT_EQ(out[0].item.recorded[1], 1u);
  EXPECT_EQ(std::get<TimelineRow>(out[0].item.item).event.wall_ns, 77) << "as it was";
  names_[200] = "db";
  EXPECT_THAT(Names(wait_.Take(3 * kMillisecond, false)), ElementsAre("2 db"));
  EXPECT_TRUE(wait_.empty());
}

TEST_F(NameWaitTest, NobodyWaitsLongerThanHisPatience) {
  EXPECT_TRUE(Hold(1, 100, 0) && Hold(2, 100, 300 * kMillisecond));
  EXPECT_THAT(wait_.Take(399 * kMillisecond, false), IsEmpty());
  EXPECT_THAT(Names(wait_.Take(400 * kMillisecond, false)), ElementsAre("1 unknown"));
  EXPECT_THAT(Names(wait_.Take(700 * kMillisecond, false)), ElementsAre("2 unknown"));
}

TEST_F(NameWaitTest, AtTheEndAllGo) {
  EXPECT_TRUE(Hold(1, 100, 0) && Hold(2, 200, 0));
  EXPECT_THAT(Names(wait_.Take(1, /*all=*/true)), ElementsAre("1 unknown", "2 unknown"));
}

TEST_F(NameWaitTest, OneOfEachContainerIsAskedFor) {
  for (uint64_t run = 1; run <= 50; ++run) EXPECT_TRUE(Hold(run, 100 + run % 2, 0));
  EXPECT_THAT(wait_.Take(1, false), IsEmpty());
  EXPECT_EQ(asked_, 2);
}

TEST_F(NameWaitTest, WhatBelongsToARunWaitsBehindItsRow) {
  EXPECT_TRUE(Hold(7, 100, 0));
  RunExtension extension{.run_id = 7, .count = 5, .added = {4, 0}};
  EXPECT_TRUE(wait_.Hold(extension));
  EXPECT_TRUE(wait_.HoldEnd(7));
  extension.run_id = 8;
  EXPECT_FALSE(wait_.Hold(extension) || wait_.HoldEnd(8)) << "its row is not here";
  const auto out = wait_.Take(0, /*all=*/true);
  ASSERT_THAT(out, SizeIs(1));
  ASSERT_THAT(out[0].extensions, SizeIs(1));
  EXPECT_EQ(out[0].extensions[0].count, 5u);
  EXPECT_TRUE(out[0].run_ended);
  EXPECT_FALSE(wait_.HoldEnd(7)) << "it went";
}

TEST_F(NameWaitTest, RowsThatNeverGrowHaveNoRun) {
  EXPECT_TRUE(Hold(0, 100, 0));
  EXPECT_FALSE(wait_.HoldEnd(0));
}

TEST_F(NameWaitTest, WhatIsTooMuchIsLeftToTheCaller) {
  for (int i = 0; i < 1024; ++i) ASSERT_TRUE(Hold(1 + i, 100, 0));
  WriteItem item = Row(5000, 100, 0);
  EXPECT_FALSE(wait_.Hold(item));
  EXPECT_EQ(std::get<TimelineRow>(item.item).run_id, 5000u) << "untouched";
}

}  // namespace
}  // namespace nsobs
