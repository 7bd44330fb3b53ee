#include "userspace/diagnosis/node.h"

#include <gtest/gtest.h>

#include "userspace/diagnosis/record.h"

namespace nsobs {
namespace {

TEST(Node, KnowsWhereItIs) {
  const auto json = Node::Json::parse(R"({"a/b": [{"c~d": 1}]})");
  const Node node = Node(json)["a/b"].items()[0]["c~d"];
  EXPECT_EQ(node.pointer(), "/a~1b/0/c~0d");
  EXPECT_EQ(node.number(), 1);
  EXPECT_EQ(json.at(Node::Json::json_pointer(node.pointer())), 1);
}

TEST(Node, AnswersWhateverStandsThere) {
  const auto json = Node::Json::parse(R"({"text": "x", "big": 18446744073709551615, "real": 1.5,
                                          "list": [1, "y"], "null": null, "yes": true})");
  const Node root(json);
  EXPECT_EQ(root["text"].number(), std::nullopt);
  EXPECT_EQ(root["big"].number(), std::nullopt);
  EXPECT_EQ(root["real"].number(), std::nullopt);
  EXPECT_EQ(root["real"].real_or(0), 1.5);
  EXPECT_EQ(root["list"].text(), "");
  EXPECT_TRUE(root["list"].Has("y"));
  EXPECT_FALSE(root["text"].Has("x"));
  EXPECT_FALSE(root["null"].exists());
  EXPECT_FALSE(root["text"]["deeper"]["still"].exists());
  EXPECT_EQ(root["text"]["deeper"].pointer(), "/text/deeper");
  EXPECT_FALSE(root["text"].is_true() || root["text"].is_false());
  EXPECT_TRUE(root["yes"].is_true());
  EXPECT_TRUE(Node().value().is_null());
}

TEST(Record, AbsenceNeedsAWholeList) {
  const auto json = Node::Json::parse(
      R"({"net": {"listeners": [], "routes": []}, "truncated": ["/net/routes"]})");
  const Record record(json);
  EXPECT_TRUE(record.IsWhole(record["net"]["listeners"]));
  EXPECT_FALSE(record.IsWhole(record["net"]["routes"]));
  EXPECT_FALSE(record.IsWhole(record["net"]["links"]));
}

}  // namespace
}  // namespace nsobs
