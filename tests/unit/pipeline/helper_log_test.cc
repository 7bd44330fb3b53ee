#include "userspace/pipeline/helper_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

uint64_t CountOf(const HelperLog& log, const std::string& process, const std::string& reason) {
  for (const HelperRestartCount& count : log.Counts()) {
    if (count.process == process && count.reason == reason) return count.value;
  }
  return 999;
}

TEST(HelperLogTest, CountsAndTellsEachOnce) {
  const FakeClock clock(50 * kSecond, 1000 * kSecond);
  HelperLog log(&clock);
  for (const HelperRestartCount& count : log.Counts()) EXPECT_EQ(count.value, 0u);
  EXPECT_EQ(log.Counts().size(), 12u) << "each process and reason, from the start";
  log.Add({"web", "killed", "killed by signal 9", absl::Seconds(2)});
  log.Add({"zygote", "hung", "does not answer", absl::Seconds(3)});
  EXPECT_EQ(CountOf(log, "web", "killed"), 1u);
  EXPECT_EQ(CountOf(log, "zygote", "hung"), 1u);
  EXPECT_EQ(CountOf(log, "snapshot", "killed"), 0u);
  const std::vector<ObservedEvent> rows = log.TakeRows();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(log.TakeRows().empty());
  const Gap& web = std::get<Gap>(rows[0].event.detail);
  EXPECT_EQ(rows[0].event.kind, EventKind::kGap);
  EXPECT_EQ(rows[0].wall_ns, 1000 * kSecond);
  EXPECT_EQ(web.cause, "helper_ended");
  EXPECT_EQ(web.part, "web");
  EXPECT_EQ(web.reason, "web: killed by signal 9");
  EXPECT_EQ(web.from_wall_ns, 998 * kSecond);
  EXPECT_EQ(web.to_wall_ns, 1000 * kSecond);
  const Gap& zygote = std::get<Gap>(rows[1].event.detail);
  EXPECT_EQ(zygote.cause, "helper_hung");
  EXPECT_EQ(zygote.part, "snapshot") << "without it nothing is looked into";
}

TEST(HelperLogTest, RowsThatNobodyTakesAreBoundedAndCountedAllTheSame) {
  const FakeClock clock(50 * kSecond, 1000 * kSecond);
  HelperLog log(&clock);
  for (int i = 0; i < 1000; ++i) log.Add({"web", "exited", "exit code 1", absl::Seconds(1)});
  EXPECT_EQ(log.TakeRows().size(), 64u);
  EXPECT_EQ(CountOf(log, "web", "exited"), 1000u);
}

}  // namespace
}  // namespace nsobs
