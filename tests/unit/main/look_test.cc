#include "userspace/main/look.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/main/samples.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

LiveTarget Web() {
  LiveTarget live;
  live.target = {"web", WebContainer(), WebContainer()->namespaces};
  live.process = WebContainer()->init;
  live.init_pid = live.process.pid;
  return live;
}

TEST(LookTest, OnlyTheSectionsThatExplainIt) {
  EXPECT_THAT(SectionsOf({NamespaceKind::kNet}),
              ElementsAre(Section::kNet, Section::kHostNet, Section::kPeerNets));
  EXPECT_THAT(SectionsOf({NamespaceKind::kPid, NamespaceKind::kCgroup}),
              ElementsAre(Section::kPid, Section::kCgroup));
  EXPECT_THAT(SectionsOf({}), SizeIs(10));
}

TEST(LookTest, ARequestNamesTheProcessAndWhatIsExpected) {
  const LiveTarget live = Web();
  const SnapshotRequest request = RequestFor(live, Inventory(), SectionsOf({}));
  EXPECT_EQ(request.target, WebContainer()->init);
  EXPECT_EQ(request.init_pid, 8123u);
  EXPECT_EQ(request.namespaces, WebContainer()->namespaces);
  EXPECT_EQ(request.net_fd, -1);
  EXPECT_TRUE(request.peers.empty());
}

TEST(LookTest, TheRecordIsWholeAndInOrder) {
  const FakeClock clock(5, kSampleWallNs);
  const Json taken = {{"target", {{"pid", 8123}, {"alive", false}, {"namespaces", {{"net", 9}}}}},
                      {"net", {{"inode", 1}}},
                      {"errors", Json::array()},
                      {"took_ns", 7}};
  const Json record = CompleteRecord(taken, Web(), Inventory(), clock);
  std::vector<std::string> keys;
  for (const auto& [key, value] : record.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("version", "time", "boot_ns", "trigger", "target", "before",
                                "world", "net", "errors", "took_ns"));
  EXPECT_EQ(record["trigger"], nullptr);
  EXPECT_EQ(record["time"], "2026-11-23T14:02:11.123456789Z");
  EXPECT_EQ(record["target"]["container"], ToJson(WebContainer()));
  EXPECT_EQ(record["target"]["process"]["pid"], 8123);
  EXPECT_EQ(record["target"]["alive"], false);  // as it was seen, not as it was thought to be
  EXPECT_EQ(record["target"]["namespaces"]["net"], 9);
  EXPECT_EQ(CompleteRecord(nullptr, Web(), Inventory(), clock)["version"], 1);
}

}  // namespace
}  // namespace nsobs
