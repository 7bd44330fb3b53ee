#include "userspace/main/events_command.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/main/fake_console.h"
#include "tests/unit/main/fake_reader.h"
#include "tests/unit/main/samples.h"

namespace nsobs {
namespace {

EventsOptions Lines(size_t limit) {
  EventsOptions options;
  options.limit = limit;
  options.format = OutputFormat::kJsonLines;
  return options;
}

std::string Ids(int64_t first, int64_t last) {
  std::string out;
  for (int64_t id = first; id <= last; ++id) out += "{\"id\":" + std::to_string(id) + "}\n";
  return out;
}

TEST(ShowEventsTest, NewestOldestFirstWithAHint) {
  FakeReader reader;
  for (int64_t id = 1; id <= 150; ++id) reader.Add(id);
  FakeConsole fake;
  EventsOptions options = Lines(100);
  options.limit_is_default = true;
  EXPECT_EQ(ShowEvents(options, reader, fake.console), kExitDone);
  EXPECT_EQ(fake.out.str(), Ids(51, 150));
  EXPECT_EQ(fake.err.str(),
            "nsobserver: there are more: these are the newest 100 (--limit N, --since 1h)\n");
}

TEST(ShowEventsTest, NoHintWhenThatIsAllOrALimitWasGiven) {
  for (const auto& [rows, is_default] : {std::pair(100, true), std::pair(150, false)}) {
    FakeReader reader;
    for (int64_t id = 1; id <= rows; ++id) reader.Add(id);
    FakeConsole fake;
    EventsOptions options = Lines(100);
    options.limit_is_default = is_default;
    EXPECT_EQ(ShowEvents(options, reader, fake.console), kExitDone);
    EXPECT_EQ(fake.out.str(), Ids(rows - 99, rows));
    EXPECT_EQ(fake.err.str(), "");
  }
}

TEST(ShowEventsTest, WithoutLimitEverythingStreams) {
  FakeReader reader;
  for (int64_t id = 1; id <= 2500; ++id) reader.Add(id);
  FakeConsole fake;
  EventsOptions options = Lines(0);
  options.query.container = "web";
  EXPECT_EQ(ShowEvents(options, reader, fake.console), kExitDone);
  EXPECT_EQ(fake.out.str(), Ids(1, 2500));
  ASSERT_EQ(reader.queries.size(), 1u);
  EXPECT_EQ(reader.queries[0].container, "web");
  EXPECT_FALSE(reader.queries[0].newest_first);
}

TEST(ShowEventsTest, NothingFound) {
  for (const auto& [format, want] :
       {std::pair(OutputFormat::kTable, ""), std::pair(OutputFormat::kJson, "[]\n"),
        std::pair(OutputFormat::kJsonLines, "")}) {
    FakeReader reader;
    FakeConsole fake;
    EventsOptions options = Lines(100);
    options.format = format;
    EXPECT_EQ(ShowEvents(options, reader, fake.console), kExitNothing);
    EXPECT_EQ(fake.out.str(), want);
    EXPECT_EQ(fake.err.str(), "nsobserver: no events match\n");
  }
}

TEST(ShowEventsTest, ErrorsBecomeOneLineAndACode) {
  const std::pair<absl::Status, int> cases[] = {
      {absl::NotFoundError("no such container"), kExitNothing},
      {absl::InvalidArgumentError("ambiguous"), kExitUsage},
      {absl::PermissionDeniedError("needs root"), kExitUnsupported},
      {absl::DataLossError("corrupt"), kExitUnsupported},
  };
  for (const auto& [status, code] : cases) {
    FakeReader reader;
    reader.status = status;
    FakeConsole fake;
    EXPECT_EQ(ShowEvents(Lines(0), reader, fake.console), code);
    EXPECT_EQ(fake.err.str(), "nsobserver: " + std::string(status.message()) + "\n");
    EXPECT_EQ(fake.out.str(), "");
  }
}

TEST(ShowEventsTest, DamagedRowsDoNotHideTheOthers) {
  FakeReader reader;
  reader.Add(1);
  reader.status = absl::DataLossError("3 rows are damaged");
  for (const size_t limit : {0, 10}) {
    FakeConsole fake;
    EXPECT_EQ(ShowEvents(Lines(limit), reader, fake.console), kExitDone);
    EXPECT_EQ(fake.out.str(), Ids(1, 1));
    EXPECT_EQ(fake.err.str(), "nsobserver: 3 rows are damaged\n");
  }
}

TEST(ShowEventsTest, StopsWhenNobodyReads) {
  FakeReader reader;
  for (int64_t id = 1; id <= 10; ++id) reader.Add(id);
  FakeConsole fake;
  fake.out.setstate(std::ios::badbit);
  EXPECT_EQ(ShowEvents(Lines(0), reader, fake.console), kExitDone);
}

// What happens in each pause, one function a pause; the end after the last.
int Follow(FakeReader& reader, const EventsOptions& options, FakeConsole& fake,
           std::vector<std::function<void()>> pauses) {
  size_t next = 0;
  return FollowEvents(options, reader, fake.console, [&] {
    if (next == pauses.size()) return false;
    pauses[next++]();
    return true;
  });
}

TEST(FollowEventsTest, ShowsWhatIsThereAndThenWhatComes) {
  FakeReader reader;
  for (int64_t id = 1; id <= 3; ++id) reader.Add(id);
  FakeConsole fake;
  const int code = Follow(reader, Lines(2), fake,
                          {[] {}, [&] { reader.Add(4); }, [] {},
                           [&] {
                             reader.Add(5);
                             reader.Add(6);
                           }});
  EXPECT_EQ(code, kExitDone);
  EXPECT_EQ(fake.out.str(), Ids(2, 6));
  EXPECT_EQ(fake.err.str(), "");
  EXPECT_EQ(reader.queries.size(), 3u);  // no query while nothing is new
}

std::string Counted(int64_t id, int count) {
  return "{\"id\":" + std::to_string(id) + ",\"count\":" + std::to_string(count) +
         ",\"last_time\":\"2026-11-23T14:02:11.000000000Z\"}";
}

TEST(FollowEventsTest, ShowsOnceMoreWhatGrew) {
  FakeReader reader;
  reader.rows = {{1, Counted(1, 1)}, {2, Counted(2, 1)}};
  FakeConsole fake;
  EventsOptions options = Lines(1);
  options.follow = true;
  std::vector<std::function<void()>> pauses(30, [] {});
  pauses[3] = [&] { reader.rows[1].json = Counted(2, 5); };
  pauses[4] = [&] { reader.rows[0].json = Counted(1, 5); };  // that one was never shown
  pauses[13] = [&] { reader.rows[1].json = Counted(2, 7); };
  EXPECT_EQ(Follow(reader, options, fake, pauses), kExitDone);
  EXPECT_EQ(fake.out.str(), Counted(2, 1) + "\n" + Counted(2, 5) + "\n" + Counted(2, 7) + "\n");
  EXPECT_EQ(reader.queries.back().after_id, 1);
  EXPECT_TRUE(reader.queries.back().since_wall_ns.has_value()) << "not the whole timeline";
}

TEST(FollowEventsTest, ATableSaysAgain) {
  FakeReader reader;
  reader.rows = {{1, Counted(1, 1)}};
  FakeConsole fake;
  EventsOptions options = Lines(1);
  options.format = OutputFormat::kTable;
  options.follow = true;
  std::vector<std::function<void()>> pauses(10, [] {});
  pauses[0] = [&] { reader.rows[0].json = Counted(1, 5); };
  EXPECT_EQ(Follow(reader, options, fake, pauses), kExitDone);
  EXPECT_NE(fake.out.str().find("again: "), std::string::npos) << fake.out.str();
}

TEST(FollowEventsTest, BeginsWithNothing) {
  FakeReader reader;
  FakeConsole fake;
  EXPECT_EQ(Follow(reader, Lines(2), fake, {[&] { reader.Add(1); }}), kExitDone);
  EXPECT_EQ(fake.out.str(), Ids(1, 1));
}

TEST(FollowEventsTest, ATimelineThatBeginsAnewIsFollowed) {
  FakeReader reader;
  for (int64_t id = 1; id <= 9; ++id) reader.Add(id);
  FakeConsole fake;
  const auto begin_anew = [&] {
    reader.rows.clear();
    reader.Add(1);
  };
  EXPECT_EQ(Follow(reader, Lines(1), fake, {begin_anew}), kExitDone);
  EXPECT_EQ(fake.out.str(), Ids(9, 9) + Ids(1, 1));
}

TEST(FollowEventsTest, TableHasItsTitlesOnce) {
  FakeReader reader;
  FakeConsole fake;
  EventsOptions options = Lines(2);
  options.format = OutputFormat::kTable;
  Follow(reader, options, fake, {[&] { reader.Add(1); }, [&] { reader.Add(2); }});
  const std::string text = fake.out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(text.find("TIME"), 0u);
  EXPECT_EQ(text.rfind("TIME"), 0u);
}

TEST(FollowEventsTest, EndsWhenNobodyReads) {
  FakeReader reader;
  FakeConsole fake;
  const int code =
      Follow(reader, Lines(1), fake,
             {[&] { fake.out.setstate(std::ios::badbit); }, [] { ADD_FAILURE() << "went on"; }});
  EXPECT_EQ(code, kExitDone);
}

TEST(FollowEventsTest, ABusyDatabaseIsWaitedForOtherErrorsEnd) {
  FakeReader reader;
  FakeConsole fake;
  const int code = Follow(reader, Lines(1), fake,
                          {[&] { reader.last_status = absl::UnavailableError("busy"); },
                           [&] {
                             reader.last_status = absl::OkStatus();
                             reader.Add(1);
                           },
                           [&] { reader.last_status = absl::DataLossError("corrupt"); },
                           [] { ADD_FAILURE() << "went on"; }});
  EXPECT_EQ(code, kExitUnsupported);
  EXPECT_EQ(fake.out.str(), Ids(1, 1));
  EXPECT_EQ(fake.err.str(), "nsobserver: corrupt\n");
}

TEST(EventsCommandTest, NoTimelineIsOneLine) {
  EventsOptions options;
  options.storage_path = testing::TempDir() + "/nothing-here";
  FakeConsole fake;
  EXPECT_EQ(EventsCommand(options, fake.console), kExitNothing);
  const std::string text = fake.err.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("nothing-here"), std::string::npos) << text;
}

}  // namespace
}  // namespace nsobs
