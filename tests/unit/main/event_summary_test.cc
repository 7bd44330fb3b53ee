#include "userspace/main/event_summary.h"

#include <gtest/gtest.h>

#include "tests/unit/main/fake_console.h"
#include "tests/unit/main/golden.h"
#include "tests/unit/main/samples.h"
#include "userspace/base/sanitize.h"
#include "userspace/main/event_listing.h"
#include "userspace/main/text_width.h"

namespace nsobs {
namespace {

std::string Listing(const Screen& screen, OutputFormat format = OutputFormat::kTable) {
  InitTextWidth();
  FakeConsole fake(screen);
  EventListing listing(format, fake.console);
  int64_t id = 0;
  for (const ObservedEvent& event : SampleEvents()) listing.Add(StoredJson(event, ++id));
  listing.Finish();
  EXPECT_EQ(listing.count(), SampleEvents().size());
  EXPECT_EQ(fake.err.str(), "");
  return fake.out.str();
}

TEST(EventListingTest, Pipe) { ExpectGolden("events/pipe.txt", Listing(Pipe())); }
TEST(EventListingTest, Terminal160) { ExpectGolden("events/160.txt", Listing(Terminal(160))); }
TEST(EventListingTest, Terminal100Colour) {
  ExpectGolden("events/100-colour.txt", Listing(Terminal(100, true)));
}
TEST(EventListingTest, Terminal80) { ExpectGolden("events/80.txt", Listing(Terminal(80))); }
TEST(EventListingTest, JsonLines) {
  ExpectGolden("events/events.jsonl", Listing(Pipe(), OutputFormat::kJsonLines));
}
TEST(EventListingTest, JsonArray) {
  const std::string text = Listing(Pipe(), OutputFormat::kJson);
  const Json array = Json::parse(text);
  ASSERT_EQ(array.size(), SampleEvents().size());
  EXPECT_EQ(array[0]["id"], 1);
}

TEST(EventListingTest, EmptyArrayIsStillAnArray) {
  FakeConsole fake;
  EventListing(OutputFormat::kJson, fake.console).Finish();
  EXPECT_EQ(fake.out.str(), "[]\n");
}

TEST(EventListingTest, EveryKindHasASummaryOfItsOwn) {
  for (const ObservedEvent& event : SampleEvents()) {
    const Json json = Json::parse(StoredJson(event, 1));
    EXPECT_NE(EventSummary(json, {absl::UTCTimeZone()}), Text(json, "kind"));
  }
}

TEST(EventListingTest, RowsThatMakeNoSenseAreShownAsSuch) {
  for (const char* row :
       {"", "{", "[]", "1", "null", "{}", "{\"kind\": 7}", "{\"kind\":\"later_kind\"}",
        "{\"kind\":\"signal\",\"signal\":[]}", "{\"kind\":\"oom_kill\",\"oom_kill\":null}",
        "{\"kind\":\"gap\",\"gap\":{\"from\":1}}", "{\"kind\":\"loss\",\"count\":\"x\"}",
        "{\"kind\":\"namespace_change\",\"namespace_change\":{\"changes\":[1]}}",
        "{\"kind\":\"connect_failure\",\"process\":{\"pid\":\"x\"}}"}) {
    FakeConsole fake;
    EventListing listing(OutputFormat::kTable, fake.console);
    listing.Add(row);
    listing.Finish();
    EXPECT_NE(fake.out.str(), "") << row;
  }
}

// Whatever a container puts into names, comms, paths and arguments: nothing steers the terminal.
TEST(EventSummaryTest, AllBytesAreTamed) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  all +=
      "\xE2\x80\xAE\xC2\x9B"
      "31m";
  for (ObservedEvent event : SampleEvents()) {
    Container container = *WebContainer();
    container.name = container.image.emplace(all);
    event.container = event.peer = event.entered_from = std::make_shared<Container>(container);
    event.entered = true;
    event.event.process.comm = all;
    if (auto* connect = std::get_if<ConnectFailure>(&event.event.detail)) connect->path = all;
    if (auto* exec = std::get_if<ProcessExec>(&event.event.detail)) exec->args = all;
    if (auto* oom = std::get_if<OomKill>(&event.event.detail)) oom->cgroup_path = all;
    const Json json = Json::parse(StoredJson(event, 1));
    for (const std::string& text : {EventSummary(json, {absl::UTCTimeZone()}), EnteredFrom(json),
                                    ContainerLabel(Child(json, "container"))}) {
      EXPECT_EQ(ForTerminal(text), text);
      EXPECT_EQ(text.find_first_of(std::string("\x1b\n\r\x7f\0", 5)), std::string::npos);
    }
  }
}

TEST(EventSummaryTest, LongIdsAreShortOnlyWhereAskedFor) {
  const Json json = Json::parse(StoredJson(SampleEvents()[13], 1));
  ASSERT_EQ(Text(json, "kind"), "oom_kill");
  const std::string whole = EventSummary(json, {absl::UTCTimeZone(), false});
  const std::string brief = EventSummary(json, {absl::UTCTimeZone(), true});
  EXPECT_NE(whole.find("/docker/" + WebContainer()->id), std::string::npos) << whole;
  EXPECT_NE(brief.find("/docker/7c7541814070… reached"), std::string::npos) << brief;
}

}  // namespace
}  // namespace nsobs
