#include "userspace/main/human_text.h"

#include <gtest/gtest.h>

#include "tests/unit/main/samples.h"

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1000 * 1000 * 1000;

TEST(HumanTextTest, Durations) {
  const std::pair<int64_t, const char*> cases[] = {
      {0, "0.0 ms"},
      {200000, "0.2 ms"},
      {999 * kSecond / 1000, "999.0 ms"},
      {kSecond, "1.0 s"},
      {119 * kSecond, "119.0 s"},
      {120 * kSecond, "2 min"},
      {7199 * kSecond, "120 min"},
      {7200 * kSecond, "2.0 h"},
      {200000 * kSecond, "2.3 d"},
  };
  for (const auto& [ns, want] : cases) EXPECT_EQ(HumanDuration(ns), want);
}

TEST(HumanTextTest, Bytes) {
  const std::pair<uint64_t, const char*> cases[] = {
      {0, "0 B"},           {512, "512 B"},         {1024, "1 KiB"},       {1536, "1.5 KiB"},
      {64 << 20, "64 MiB"}, {64172851, "61.2 MiB"}, {1ull << 40, "1 TiB"},
  };
  for (const auto& [bytes, want] : cases) EXPECT_EQ(HumanBytes(bytes), want);
}

TEST(HumanTextTest, Counts) {
  const std::pair<uint64_t, const char*> cases[] = {
      {0, "0"}, {999, "999"}, {1000, "1,000"}, {499999, "499,999"}, {1234567, "1,234,567"}};
  for (const auto& [count, want] : cases) EXPECT_EQ(HumanCount(count), want);
}

TEST(HumanTextTest, LocalTimes) {
  const absl::TimeZone zone = absl::FixedTimeZone(3600);
  EXPECT_EQ(LocalTime(kSampleWallNs, zone), "2026-11-23 15:02:11.123");
  EXPECT_EQ(ShortLocalTime(kSampleWallNs, zone), "11-23 15:02:11.123");
  EXPECT_EQ(LocalClock(kSampleWallNs, kSampleWallNs, zone), "15:02:11");
  // Another day in UTC, the same in the zone, and the other way round.
  const int64_t midnight_utc = kSampleWallNs - kSampleWallNs % (86400 * kSecond);
  EXPECT_EQ(LocalClock(midnight_utc - 1800 * kSecond, midnight_utc, zone), "00:30:00");
  EXPECT_EQ(LocalClock(midnight_utc - 5400 * kSecond, midnight_utc, zone), "2026-11-22 23:30:00");
}

TEST(HumanTextTest, Rfc3339) {
  EXPECT_EQ(ParseRfc3339("2026-11-23T14:02:11.123456789Z"), kSampleWallNs);
  EXPECT_EQ(ParseRfc3339("2026-11-23T15:02:11.123456789+01:00"), kSampleWallNs);
  for (const char* text :
       {"", "yesterday", "2026-11-23", "2026-11-23 14:02", "2026-13-23T14:02:11Z"}) {
    EXPECT_EQ(ParseRfc3339(text), std::nullopt) << text;
  }
}

TEST(HumanTextTest, Moments) {
  const absl::TimeZone zone = absl::FixedTimeZone(3600);
  const int64_t now = kSampleWallNs;
  const int64_t whole = now - now % kSecond;
  const std::pair<const char*, int64_t> cases[] = {
      {"10m", now - 600 * kSecond},
      {"14d", now - 14 * 86400 * kSecond},
      {"0", now},
      {"2026-11-23T14:02:11Z", whole},
      {"2026-11-23T15:02:11+01:00", whole},
      {"2026-11-23 15:02", whole - 11 * kSecond},
      {"2026-11-23 15:02:11", whole},
      {"2026-11-23", whole - (15 * 3600 + 131) * kSecond},
  };
  for (const auto& [text, want] : cases) {
    const absl::StatusOr<int64_t> got = ParseMoment(text, now, zone);
    ASSERT_TRUE(got.ok()) << text << got.status();
    EXPECT_EQ(*got, want) << text;
  }
  for (const char* text : {"", "yesterday", "-10m", "14:02", "2026-11-23 25:00", "10 m"}) {
    EXPECT_FALSE(ParseMoment(text, now, zone).ok()) << text;
  }
  EXPECT_EQ(ParseMoment("x\x1b", now, zone).status().message(),
            "\"x\\x1b\" is not a time (allowed: 10m, 14d, 2026-11-23T14:02:11Z, "
            "\"2026-11-23 14:02\")");
}

}  // namespace
}  // namespace nsobs
