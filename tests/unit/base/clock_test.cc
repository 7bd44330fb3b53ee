#include "userspace/base/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(FormatRfc3339Test, Cases) {
  const struct {
    int64_t ns;
    const char* text;
  } kCases[] = {
      {0, "1970-01-01T00:00:00.000000000Z"},
      {1, "1970-01-01T00:00:00.000000001Z"},
      {999'999'999, "1970-01-01T00:00:00.999999999Z"},
      {-1, "1969-12-31T23:59:59.999999999Z"},
      {-kSecond, "1969-12-31T23:59:59.000000000Z"},
      {-kSecond - 1, "1969-12-31T23:59:58.999999999Z"},
      {1'795'442'531 * kSecond + 123'456'789, "2026-11-23T14:02:11.123456789Z"},
      {951'782'400 * kSecond, "2000-02-29T00:00:00.000000000Z"},
      {std::numeric_limits<int64_t>::max(), "2262-04-11T23:47:16.854775807Z"},
      {std::numeric_limits<int64_t>::min(), "1677-09-21T00:12:43.145224192Z"},
  };
  for (const auto& c : kCases) EXPECT_EQ(FormatRfc3339(c.ns), c.text);
}

TEST(FormatRfc3339Test, TextSortsAsTimeDoes) {
  const int64_t start_ns = 1'795'442'531 * kSecond;
  std::string last;
  for (int64_t step : {int64_t{0}, int64_t{1}, int64_t{999}, kSecond, 3600 * kSecond}) {
    const std::string text = FormatRfc3339(start_ns + step);
    EXPECT_LT(last, text);
    last = text;
  }
}

TEST(ClockTest, WallOfBootUsesTheDifferenceOfToday) {
  FakeClock clock(/*boot_ns=*/100, /*wall_ns=*/1'000'000);
  EXPECT_EQ(clock.WallOfBootNs(100), 1'000'000);
  EXPECT_EQ(clock.WallOfBootNs(40), 999'940);
  EXPECT_EQ(clock.WallOfBootNs(130), 1'000'030);
  clock.AdvanceNs(7);
  EXPECT_EQ(clock.BootNs(), 107);
  EXPECT_EQ(clock.WallNs(), 1'000'007);
  EXPECT_EQ(clock.WallOfBootNs(100), 1'000'000);
}

TEST(ClockTest, SystemClockGoesForward) {
  SystemClock clock;
  const int64_t boot_ns = clock.BootNs();
  EXPECT_GT(boot_ns, 0);
  EXPECT_GE(clock.BootNs(), boot_ns);
  EXPECT_GT(clock.WallNs(), 1'500'000'000 * kSecond);  // after 2017: it is set at all
}

TEST(ClockTest, BootIdIsAUuidWithoutNewline) {
  EXPECT_THAT(BootId(), testing::MatchesRegex("[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+"));
  EXPECT_EQ(BootId().size(), 36u);
  EXPECT_EQ(BootId(), BootId());
}

}  // namespace
}  // namespace nsobs
