#include "userspace/main/snapshots_command.h"

#include <gtest/gtest.h>

#include "tests/unit/main/fake_console.h"
#include "tests/unit/main/fake_reader.h"
#include "tests/unit/main/golden.h"
#include "tests/unit/main/record_samples.h"
#include "userspace/main/diagnose_command.h"
#include "userspace/main/record_page.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {
namespace {

FakeReader SampleReader() {
  FakeReader reader;
  Json by_hand = SampleRecord();
  by_hand["trigger"] = nullptr;
  reader.snapshots = {StoredRecord(1, by_hand, kBaselineRule), StoredRecord(2, by_hand, ""),
                      StoredRecord(3, SampleRecord(), "connect_failure")};
  return reader;
}

SnapshotsOptions Of(const std::string& a, const std::string& b = "") {
  SnapshotsOptions options;
  options.a = a;
  options.b = b;
  return options;
}

bool Tame(const std::string& text) {
  return text.find_first_of("\x1b\x07") == std::string::npos &&
         text.find("\xe2\x80\xae") == std::string::npos;
}

TEST(ListSnapshotsTest, Goldens) {
  FakeReader reader = SampleReader();
  FakeConsole pipe, narrow(Terminal(80, true));
  EXPECT_EQ(ListSnapshots({}, reader, pipe.console), kExitDone);
  ExpectGolden("snapshots/pipe.txt", pipe.out.str());
  EXPECT_EQ(ListSnapshots({}, reader, narrow.console), kExitDone);
  ExpectGolden("snapshots/80-colour.txt", narrow.out.str());
  FakeReader empty;
  FakeConsole fake;
  EXPECT_EQ(ListSnapshots({}, empty, fake.console), kExitNothing);
  EXPECT_EQ(fake.err.str(), "nsobserver: no snapshots match\n");
}

TEST(ShowSnapshotTest, ByIdAndByBaseline) {
  FakeReader reader = SampleReader();
  FakeConsole fake;
  EXPECT_EQ(ShowSnapshot(Of("3"), reader, fake.console), kExitDone);
  ExpectGolden("snapshots/show.txt", fake.out.str());
  FakeConsole json;
  SnapshotsOptions options = Of("baseline:web");
  options.format = OutputFormat::kJsonLines;
  EXPECT_EQ(ShowSnapshot(options, reader, json.console), kExitDone);
  EXPECT_EQ(Json::parse(json.out.str()), Json::parse(reader.snapshots[0].record));
}

TEST(ShowSnapshotTest, BadNamesAreOneLine) {
  FakeReader reader = SampleReader();
  for (const auto& [name, code] :
       {std::pair("x", kExitUsage), std::pair("0", kExitUsage), std::pair("-1", kExitUsage),
        std::pair("9", kExitNothing), std::pair("\x1b[2J", kExitUsage)}) {
    FakeConsole fake;
    EXPECT_EQ(ShowSnapshot(Of(name), reader, fake.console), code) << name;
    EXPECT_TRUE(Tame(fake.err.str()));
  }
  reader.snapshots.erase(reader.snapshots.begin());
  FakeConsole fake;
  EXPECT_EQ(ShowSnapshot(Of("baseline:web"), reader, fake.console), kExitNothing);
  EXPECT_NE(fake.err.str().find("there is no baseline of web"), std::string::npos);
  reader.snapshot_status = absl::DataLossError("snapshot 3: damaged");
  EXPECT_EQ(ShowSnapshot(Of("3"), reader, fake.console), kExitUnsupported);
}

TEST(DiffSnapshotsTest, ShowsWhatChanged) {
  FakeReader reader = SampleReader();
  FakeConsole fake;
  EXPECT_EQ(DiffSnapshots(Of("baseline:web", "3"), reader, FakeStages({}), fake.console),
            kExitDone);
  EXPECT_EQ(fake.out.str(), "SECTION  CHANGE  WHAT\nnet      added   route x\\x1b is new\n");
  FakeConsole same;
  EXPECT_EQ(DiffSnapshots(Of("1", "2"), reader, FakeStages({}), same.console), kExitNothing);
  EXPECT_EQ(same.err.str(), "nsobserver: they don't differ\n");
}

TEST(RecordPageTest, Goldens) {
  for (const auto& [name, screen] :
       {std::pair("record-pipe", Pipe()), std::pair("record-80-colour", Terminal(80, true))}) {
    FakeConsole fake(screen);
    PrintRecord(SampleRecord(), fake.console);
    ExpectGolden(std::string("snapshots/") + name + ".txt", fake.out.str());
  }
}

TEST(RecordPageTest, StrangersTextStaysTextAndNoShapeHurts) {
  FakeConsole hostile;
  PrintRecord(HostileRecord(), hostile.console);
  EXPECT_TRUE(Tame(hostile.out.str())) << hostile.out.str();
  for (const Json& record : {MisshapenRecord(), Json(nullptr), Json(7), Json::array(),
                             Json({{"net", 5}, {"mnt", "x"}, {"errors", {1, nullptr}}})}) {
    FakeConsole fake;
    PrintRecord(record, fake.console);
    EXPECT_NE(fake.out.str(), "");
  }
}

TEST(DiagnoseTest, FindingsOrWhatWasChecked) {
  const Looked looked{SampleRecord(), nullptr, "web"};
  FakeConsole fake;
  const Json found =
      PrintDiagnosis(looked, OutputFormat::kTable, FakeStages({SampleFinding()}), fake.console);
  EXPECT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["case"], "net-loopback");
  ExpectGolden("snapshots/diagnose.txt", fake.out.str());
  FakeConsole nothing;
  EXPECT_TRUE(
      PrintDiagnosis(looked, OutputFormat::kTable, FakeStages({}), nothing.console).empty());
  EXPECT_EQ(nothing.out.str(), "nothing wrong found in web\nchecked: net-dns, oom-host\n");
  FakeConsole json;
  PrintDiagnosis(looked, OutputFormat::kJson, FakeStages({}), json.console);
  EXPECT_EQ(json.out.str(), "[]\n");
}

}  // namespace
}  // namespace nsobs
