#include "userspace/config/value_text.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

TEST(DurationTest, ReadsWhatPeopleWrite) {
  const std::pair<const char*, absl::Duration> cases[] = {
      {"0", absl::ZeroDuration()},        {"0s", absl::ZeroDuration()},
      {"250ms", absl::Milliseconds(250)}, {"1s", absl::Seconds(1)},
      {"5m", absl::Minutes(5)},           {"12h", absl::Hours(12)},
      {"14d", absl::Hours(14 * 24)},      {"1h30m", absl::Minutes(90)},
      {"10M", absl::Minutes(10)},         {"36525d", absl::Hours(36525 * 24)},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(ParseDuration(text), want) << text;
}

TEST(DurationTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "14", "14 weeks", "2w", "-1s", "1.5h", " 1s", "1s ", "s", "1h 30m", "1s2", "36526d",
        "36525d1ms", "99999999999999999999d", "18446744073709551615d", "1µs", "0x10s"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(DurationTest, WritesTheLargestWholeUnit) {
  const std::pair<absl::Duration, const char*> cases[] = {
      {absl::ZeroDuration(), "0"},          {absl::Milliseconds(1), "1ms"},
      {absl::Milliseconds(1500), "1500ms"}, {absl::Seconds(1), "1s"},
      {absl::Minutes(90), "90m"},           {absl::Hours(24), "1d"},
  };
  for (const auto& [value, want] : cases) {
    EXPECT_EQ(DurationText(value), want);
    EXPECT_EQ(ParseDuration(want), value);
  }
}

TEST(BytesTest, ReadsAndWrites) {
  const std::tuple<const char*, uint64_t, const char*> cases[] = {
      {"0", 0, "0"},
      {"4096", 4096, "4KiB"},
      {"4097", 4097, "4097"},
      {"512B", 512, "512"},
      {"16MiB", 16 << 20, "16MiB"},
      {"2gib", 2ull << 30, "2GiB"},
      {"1TiB", 1ull << 40, "1TiB"},
      {"1kB", 1000, "1000"},
      {"2MB", 2000000, "2000000"},
      {"1GB", 1000000000, "1000000000"},
      {"1024KiB", 1 << 20, "1MiB"},
  };
  for (const auto& [text, want, canonical] : cases) {
    ASSERT_EQ(ParseBytes(text), want) << text;
    EXPECT_EQ(BytesText(want), canonical);
  }
  for (const char* text : {"", "MiB", "2 GiB", "-1", "1.5GiB", "2G", "2Gi", "1PiB",
                           "18446744073709551615TiB", "99999999999999999999999"}) {
    EXPECT_EQ(ParseBytes(text), std::nullopt) << text;
  }
}

TEST(CountTest, DigitsOnly) {
  EXPECT_EQ(ParseCount("0"), 0u);
  EXPECT_EQ(ParseCount("250000"), 250000u);
  for (const char* text : {"", "-1", "+1", "1 ", "1e6", "1k", "99999999999999999999999"}) {
    EXPECT_EQ(ParseCount(text), std::nullopt) << text;
  }
}

TEST(SwitchTest, SixWords) {
  for (const char* text : {"on", "true", "yes", "ON"}) EXPECT_EQ(ParseSwitch(text), true) << text;
  for (const char* text : {"off", "false", "no"}) EXPECT_EQ(ParseSwitch(text), false) << text;
  for (const char* text : {"", "1", "0", "onn"}) EXPECT_EQ(ParseSwitch(text), std::nullopt) << text;
}

TEST(HostPortTest, ReadsAndWrites) {
  const std::tuple<const char*, HostPort, const char*> cases[] = {
      {"127.0.0.1:9917", {"127.0.0.1", 9917}, "127.0.0.1:9917"},
      {"[::1]:80", {"::1", 80}, "[::1]:80"},
      {"[fe80::1%eth0]:80", {"fe80::1%eth0", 80}, "[fe80::1%eth0]:80"},
      {":9917", {"0.0.0.0", 9917}, "0.0.0.0:9917"},
      {"localhost:0", {"localhost", 0}, "localhost:0"},
  };
  for (const auto& [text, want, canonical] : cases) {
    const std::optional<HostPort> got = ParseHostPort(text);
    ASSERT_TRUE(got.has_value()) << text;
    EXPECT_EQ(got->host, want.host);
    EXPECT_EQ(got->port, want.port);
    EXPECT_EQ(HostPortText(*got), canonical);
  }
  for (const char* text : {"", ":", "9917", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
                           "[127.0.0.1]:80", "[]:80", "a b:80", "a/b:80", "host:-1"}) {
    EXPECT_FALSE(ParseHostPort(text).has_value()) << text;
  }
}

TEST(SignalTest, NamesAndNumbers) {
  const std::pair<const char*, int> cases[] = {
      {"SIGTERM", 15}, {"TERM", 15},     {"term", 15}, {"15", 15},
      {"SIGHUP", 1},   {"SIGIOT", 6},    {"IO", 29},   {"SIGRTMIN", 34},
      {"RTMIN+2", 36}, {"SIGRTMAX", 64}, {"64", 64},   {"1", 1},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(ParseSignal(text), want) << text;
  for (const char* text : {"", "0", "65", "SIG", "SIGFOO", "TERM ", "-15", "RTMIN+31"}) {
    EXPECT_EQ(ParseSignal(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace nsobs
