// What is compared with how a container looked when it became ready.
#include "userspace/pipeline/baseline_book.h"

#include <gtest/gtest.h>

#include <string>

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

Container Web(uint32_t init = 100) {
  Container c;
  c.name = "web";
  c.id = "7c75";
  c.runtime = "podman";
  c.init = {init, 1000};
  return c;
}

Json Route(const std::string& destination, const std::string& gateway) {
  return {{"family", "inet"}, {"destination", destination}, {"gateway", gateway}, {"link", "eth0"},
          {"table", 254},     {"type", "unicast"},          {"metric", 0}};
}

Json Net(uint32_t inode, const Json& routes) {
  return {{"net", {{"inode", inode}, {"routes", routes}}}, {"truncated", Json::array()}};
}

TEST(BaselineBookTest, TheRouteThatIsGone) {
  BaselineBook book;
  const auto row = book.Keep(Web(), 1'000'000'000, 5,
                             Net(7, {Route("default", "10.88.0.1"), Route("10.88.0.0/16", "")}));
  bool cut = false;
  const Json later = Net(7, Json::array({Route("10.88.0.0/16", "")}));
  Json changes = book.Compare(Web(), later, &cut);
  ASSERT_TRUE(changes.is_object());
  EXPECT_EQ(changes["baseline"].dump(),
            R"({"snapshot":null,"time":"1970-01-01T00:00:01.000000000Z","boot_ns":5})");
  ASSERT_EQ(changes["rows"].size(), 1u);
  EXPECT_EQ(changes["rows"][0]["text"], "route default via 10.88.0.1 dev eth0 is gone");
  EXPECT_FALSE(cut);
  row->store(42);
  changes = book.Compare(Web(), later, &cut);
  EXPECT_EQ(changes["baseline"]["snapshot"], 42);
}

TEST(BaselineBookTest, OnlyThisRunOfThisContainerAndItsOwnNamespaces) {
  BaselineBook book;
  bool cut = false;
  const Json before = Net(7, Json::array({Route("default", "10.88.0.1")})),
             after = Net(7, Json::array());
  EXPECT_TRUE(book.Compare(Web(), after, &cut).is_null()) << "no baseline";
  book.Keep(Web(), 1, 1, before);
  EXPECT_TRUE(book.Compare(Web(/*init=*/101), after, &cut).is_null()) << "started anew since";
  Container other = Web();
  other.id = "8d86";
  EXPECT_TRUE(book.Compare(other, after, &cut).is_null());
  EXPECT_TRUE(book.Compare(Web(), Net(8, Json::array()), &cut).is_null()) << "another namespace";
  EXPECT_TRUE(book.Compare(Web(), {{"pid", {{"zombies", 1}}}}, &cut).is_null());
  EXPECT_TRUE(book.Compare(Web(), before, &cut)["rows"].empty()) << "compared, nothing changed";
}

TEST(BaselineBookTest, WhatMovesByItselfIsLeftOutAndTheRestIsBounded) {
  BaselineBook book;
  Json before = Net(7, Json::array()), after = Net(7, Json::array());
  before["net"]["neighbours"] = Json::array(
      {{{"family", "inet"}, {"address", "10.0.0.1"}, {"link", "eth0"}, {"state", "reachable"}}});
  after["net"]["neighbours"] = Json::array();
  for (int i = 0; i < 100; ++i) {
    after["net"]["routes"].push_back(Route("10.1." + std::to_string(i) + ".0/24", "10.88.0.9"));
  }
  before["net"]["routes"].push_back(Route("default", std::string(2000, 'x')));
  book.Keep(Web(), 1, 1, before);
  bool cut = false;
  const Json rows = book.Compare(Web(), after, &cut)["rows"];
  EXPECT_TRUE(cut);
  ASSERT_EQ(rows.size(), 48u);
  EXPECT_EQ(rows[0]["what"], "removed") << "what is gone goes before what is new";
  EXPECT_FALSE(rows[0].contains("before")) << "too long";
  EXPECT_LE(rows[0]["text"].get<std::string>().size(), 303u);
}

TEST(BaselineBookTest, HoldsABoundedNumberOfBytesAndContainers) {
  BaselineBook book({.containers = 3, .bytes = 4096, .one_bytes = 2048});
  for (int i = 0; i < 5; ++i) {
    Container c = Web();
    c.id = std::to_string(i);
    book.Keep(c, 1, 1, Net(7, Json::array({Route("default", "10.88.0.1")})));
  }
  EXPECT_EQ(book.size(), 3u);
  Container large = Web();
  large.id = "large";
  book.Keep(large, 1, 1, Net(7, {Route("default", std::string(4000, 'x'))}));
  EXPECT_EQ(book.size(), 3u) << "too large to be kept";
  for (int i = 5; i < 8; ++i) {
    Container c = Web();
    c.id = std::to_string(i);
    book.Keep(c, 1, 1, Net(7, {Route("default", std::string(1700, 'x'))}));
    EXPECT_LE(book.bytes(), 4096u);
  }
  EXPECT_EQ(book.size(), 2u);
  book.Keep(Web(), 1, 1, Net(7, Json::array()));
  book.Keep(Web(), 2, 2, Net(7, Json::array()));
  bool cut = false;
  EXPECT_EQ(book.Compare(Web(), Net(7, Json::array()), &cut)["baseline"]["boot_ns"], 2);
}

}  // namespace
}  // namespace nsobs
