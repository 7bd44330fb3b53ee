#include "userspace/snapshot/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "userspace/base/fd.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::Contains;

std::string Written(const std::function<void(FrameWriter*)>& write) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const UniqueFd reader(ends[0]);
  {
    const UniqueFd writer(ends[1]);
    FrameWriter frames(writer.get());
    write(&frames);
  }
  std::string out(60'000, '\0');
  const ssize_t size = read(reader.get(), out.data(), out.size());
  out.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return out;
}

TEST(Frames, PartsOfASectionBecomeOne) {
  const std::string bytes = Written([](FrameWriter* frames) {
    ReadNotes notes;
    notes.Error("net", "no \xff");
    notes.Truncated("/net/routes");
    frames->Section("net", {{"a", 1}}, notes);
    frames->Section("target", {{"alive", true}}, {});
    frames->Section("net", {{"b", 2}}, notes);
    frames->End();
  });
  const Gathered got = GatherFrames(bytes);
  EXPECT_TRUE(got.complete);
  EXPECT_TRUE(got.status.ok());
  EXPECT_EQ(got.last, "net");
  EXPECT_EQ(got.record["net"], Json::parse(R"({"a": 1, "b": 2})"));
  EXPECT_EQ(got.record.begin().key(), "target");
  EXPECT_EQ(got.record["truncated"], Json::array({"/net/routes"}));
  EXPECT_EQ(got.record["errors"][0]["section"], "net");
  EXPECT_EQ(got.record["errors"][0]["what"], "no \xef\xbf\xbd");
}

TEST(Frames, MoreOfARowBecomesPartOfThatRow) {
  const Gathered got = GatherFrames(Written([](FrameWriter* frames) {
    frames->Section("peer_nets", Json::parse(R"([{"inode": 1, "a": 1}, {"inode": 2}, 3, {}])"), {});
    frames->Section("peer_nets", Json::parse(R"([{"inode": 2, "b": 2}, {"inode": 4}, {}])"), {});
  }));
  EXPECT_EQ(
      got.record["peer_nets"],
      Json::parse(R"([{"inode": 1, "a": 1}, {"inode": 2, "b": 2}, 3, {}, {"inode": 4}, {}])"));
}

TEST(Frames, AStatusArrives) {
  const Gathered got = GatherFrames(
      Written([](FrameWriter* frames) { frames->Status(absl::NotFoundError("gone")); }));
  EXPECT_EQ(got.status, absl::NotFoundError("gone"));
  EXPECT_FALSE(got.complete);
}

TEST(Frames, WhatIsNotOneIsPassedOver) {
  for (const std::string text :
       {"\n", "null\n", "{}\n", "{\"key\": 3}\n", "{\"key\": \"errors\", \"value\": 1}\n",
        "{\"key\": \"net\", \"value\": {}", "\xff\xfe\n",
        "{\"key\":\"status\",\"code\":\"x\"}\n"}) {
    const Gathered got = GatherFrames(text);
    EXPECT_EQ(got.record["errors"], Json::array()) << text;
    EXPECT_FALSE(got.record.contains("net")) << text;
    EXPECT_FALSE(got.complete);
  }
}

TEST(Frames, DeepNestingIsCut) {
  const std::string deep =
      "{\"key\":\"net\",\"value\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}\n";
  EXPECT_LT(GatherFrames(deep).record.dump().size(), 1000U);
}

Json Big() {
  Json rule = {{"text", "x"}, {"expr", std::string(100, 'e')}};
  Json record;
  for (const char* section : {"net", "host_net"}) {
    for (int i = 0; i < 100; ++i) {
      record[section]["netfilter"]["rules"].push_back(rule);
      record[section]["routes"].push_back(std::string(50, 'r'));
    }
  }
  record["errors"] = Json::array();
  record["truncated"] = Json::array();
  return record;
}

TEST(Fit, NothingIsCutThatFits) {
  Json record = Big();
  const Json before = record;
  FitRecord(1 << 20, &record);
  EXPECT_EQ(record, before);
}

TEST(Fit, TheHostsDetailsGoFirst) {
  Json record = Big();
  FitRecord(record.dump().size() - 1, &record);
  EXPECT_THAT(record["truncated"], Contains("/host_net/netfilter/rules"));
  EXPECT_FALSE(record["host_net"]["netfilter"]["rules"][0].contains("expr"));
  EXPECT_TRUE(record["net"]["netfilter"]["rules"][0].contains("expr"));
  EXPECT_EQ(record["net"]["routes"].size(), 100U);
}

TEST(Fit, APeersPacketFilterGoesBeforeTheTargets) {
  Json record = Big();
  record["peer_nets"].push_back({{"owner", "db"}, {"netfilter", record["net"]["netfilter"]}});
  FitRecord(12'000, &record);
  EXPECT_EQ(record["peer_nets"], Json::parse(R"([{"owner": "db"}])"));
  EXPECT_THAT(record["truncated"], Contains("/peer_nets"));
}

TEST(Fit, AnySizeIsReached) {
  for (const uint64_t max : {20'000, 5'000, 1'000, 300}) {
    Json record = Big();
    FitRecord(max, &record);
    EXPECT_LE(record.dump().size(), max);
    EXPECT_FALSE(record["truncated"].empty());
  }
}

}  // namespace
}  // namespace nsobs
