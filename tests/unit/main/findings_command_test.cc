#include "userspace/main/findings_command.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/main/fake_console.h"
#include "tests/unit/main/fake_reader.h"
#include "tests/unit/main/golden.h"
#include "tests/unit/main/record_samples.h"
#include "tests/unit/main/samples.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

Finding HostileFinding() {
  const std::string evil = "x\x1b[2J\x07\xff";
  Finding finding;
  finding.case_id = finding.summary = finding.fix = finding.check = evil;
  finding.confidence = Confidence::kLikely;
  finding.evidence = {{evil, evil, "ok"}};
  return finding;
}

// Of the sample finding with its record, and one that is guessed and hostile.
FakeReader SampleReader() {
  FakeReader reader;
  reader.snapshots = {StoredRecord(7, SampleRecord(), "connect_failure")};
  reader.findings = {Stored(11, SampleFinding(), ToJson(WebContainer()), 7),
                     Stored(12, HostileFinding(), ToJson(GuessedContainer()), 99)};
  Finding host = SampleFinding();
  host.confidence = Confidence::kUnknown;
  host.case_id = "oom-host";
  reader.findings.push_back(Stored(13, host, nullptr, 7));
  int64_t id = 41;
  for (const ObservedEvent& event : SampleEvents()) {
    reader.rows.push_back({id, StoredJson(event, id)});
    ++id;
  }
  return reader;
}

bool Tame(const std::string& text) {
  return text.find_first_of("\x1b\x07") == std::string::npos &&
         text.find("\xe2\x80\xae") == std::string::npos;
}

FindingsOptions Show(int64_t id) {
  FindingsOptions options;
  options.id = id;
  return options;
}

TEST(ListFindingsTest, Goldens) {
  for (const auto& [name, screen] : {std::pair("pipe", Pipe()), std::pair("80", Terminal(80)),
                                     std::pair("120-colour", Terminal(120, true))}) {
    FakeReader reader = SampleReader();
    FakeConsole fake(screen);
    EXPECT_EQ(ListFindings({}, reader, fake.console), kExitDone);
    ExpectGolden(std::string("findings/") + name + ".txt", fake.out.str());
  }
  FakeReader reader = SampleReader();
  FakeConsole fake;
  FindingsOptions options;
  options.format = OutputFormat::kJsonLines;
  EXPECT_EQ(ListFindings(options, reader, fake.console), kExitDone);
  ExpectGolden("findings/findings.jsonl", fake.out.str());
}

TEST(ListFindingsTest, TheNewestOldestFirstWithAHint) {
  FakeReader reader;
  for (int64_t id = 1; id <= 150; ++id) {
    reader.findings.push_back({id, 0, "", "", "", "{\"id\":" + std::to_string(id) + "}"});
  }
  FindingsOptions options;
  options.format = OutputFormat::kJsonLines;
  options.limit = 2;
  options.limit_is_default = true;
  FakeConsole fake;
  EXPECT_EQ(ListFindings(options, reader, fake.console), kExitDone);
  EXPECT_EQ(fake.out.str(), "{\"id\":149}\n{\"id\":150}\n");
  EXPECT_NE(fake.err.str().find("there are more"), std::string::npos);
}

TEST(ListFindingsTest, NothingFoundAndErrors) {
  FakeReader reader;
  FakeConsole fake;
  EXPECT_EQ(ListFindings({}, reader, fake.console), kExitNothing);
  EXPECT_EQ(fake.err.str(), "nsobserver: no findings match\n");
  reader.status = absl::DataLossError("corrupt");
  EXPECT_EQ(ListFindings({}, reader, fake.console), kExitUnsupported);
  FakeReader some = SampleReader();
  some.status = absl::DataLossError("1 damaged");
  FakeConsole other;
  EXPECT_EQ(ListFindings({}, some, other.console), kExitDone);
  EXPECT_EQ(other.err.str(), "nsobserver: 1 damaged\n");
}

TEST(FollowFindingsTest, ShowsWhatIsThereAndThenWhatComes) {
  FakeReader reader = SampleReader();
  const StoredFinding late = reader.findings.back();
  reader.findings.pop_back();
  FakeConsole fake;
  FindingsOptions options;
  options.format = OutputFormat::kJsonLines;
  int pauses = 0;
  EXPECT_EQ(FollowFindings(options, reader, fake.console,
                           [&] {
                             if (++pauses == 1) reader.findings.push_back(late);
                             return pauses < 3;
                           }),
            kExitDone);
  const std::string text = fake.out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST(ShowFindingTest, Goldens) {
  for (const auto& [name, screen] :
       {std::pair("show-pipe", Pipe()), std::pair("show-60-colour", Terminal(60, true))}) {
    FakeReader reader = SampleReader();
    FakeConsole fake(screen);
    EXPECT_EQ(ShowFinding(Show(11), reader, fake.console), kExitDone);
    ExpectGolden(std::string("findings/") + name + ".txt", fake.out.str());
  }
}

TEST(ShowFindingTest, StrangersTextStaysText) {
  FakeReader reader = SampleReader();
  FakeConsole fake;
  EXPECT_EQ(ShowFinding(Show(12), reader, fake.console), kExitDone);  // its record is gone
  EXPECT_TRUE(Tame(fake.out.str())) << fake.out.str();
  EXPECT_EQ(ShowFinding(Show(99), reader, fake.console), kExitNothing);
}

TEST(ReplayTest, Agrees) {
  FakeReader reader = SampleReader();
  FakeConsole fake;
  EXPECT_EQ(ReplayFinding(Show(11), reader, FakeStages({HostileFinding(), SampleFinding()}),
                          fake.console),
            kExitDone);
  ExpectGolden("findings/replay-agrees.txt", fake.out.str());
}

TEST(ReplayTest, DiffersOrFindsNothing) {
  FakeReader reader = SampleReader();
  Finding other = SampleFinding();
  other.confidence = Confidence::kLikely;
  other.fix = "another one";
  FakeConsole fake;
  EXPECT_EQ(ReplayFinding(Show(11), reader, FakeStages({other}), fake.console), kExitNothing);
  ExpectGolden("findings/replay-differs.txt", fake.out.str());

  FakeConsole json;
  FindingsOptions options = Show(11);
  options.format = OutputFormat::kJsonLines;
  EXPECT_EQ(ReplayFinding(options, reader, FakeStages({}), json.console), kExitNothing);
  const Json answer = Json::parse(json.out.str());
  EXPECT_EQ(answer["agree"], false);
  EXPECT_EQ(answer["replayed"], nullptr);
  EXPECT_EQ(answer["stored"]["id"], 11);
}

TEST(ReplayTest, ARecordFromAFile) {
  const std::string file = testing::TempDir() + "/record_" + std::to_string(getpid()) + ".json";
  FakeReader reader = SampleReader();
  reader.snapshot_status = absl::DataLossError("snapshot 7: damaged");
  FindingsOptions options = Show(11);
  FakeConsole damaged;
  EXPECT_EQ(ReplayFinding(options, reader, FakeStages({}), damaged.console), kExitUnsupported);
  EXPECT_NE(damaged.err.str().find("damaged"), std::string::npos);

  options.record_file = file;
  std::ofstream(file) << SampleRecord().dump();
  FakeConsole fake;
  EXPECT_EQ(ReplayFinding(options, reader, FakeStages({SampleFinding()}), fake.console), kExitDone);
  std::ofstream(file) << "[1]";
  EXPECT_EQ(ReplayFinding(options, reader, FakeStages({}), fake.console), kExitUsage);
  unlink(file.c_str());
  EXPECT_EQ(ReplayFinding(options, reader, FakeStages({}), fake.console), kExitNothing);
}

}  // namespace
}  // namespace nsobs
