#include "userspace/snapshot/net/nft_rules.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

std::string TextOf(const char* expressions) { return RuleText(Json::parse(expressions)); }

TEST(RuleText, IsWhatNftWrites) {
  EXPECT_EQ(TextOf(R"([{"match": {"op": "==", "left": {"payload": {"protocol": "tcp",
      "field": "dport"}}, "right": 5432}}, {"drop": null}])"),
            "tcp dport 5432 drop");
  EXPECT_EQ(TextOf(R"([{"match": {"op": "!=", "left": {"meta": {"key": "oifname"}},
      "right": "docker0"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ip",
      "field": "saddr"}}, "right": {"prefix": {"addr": "172.17.0.0", "len": 16}}}},
      {"masquerade": null}])"),
            "oifname != docker0 ip saddr 172.17.0.0/16 masquerade");
  EXPECT_EQ(TextOf(R"([{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": 6}},
      {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}},
      {"accept": null}])"),
            "meta l4proto tcp ct state established,related accept");
  EXPECT_EQ(TextOf(R"([{"match": {"op": "==", "left": {"payload": {"protocol": "tcp",
      "field": "dport"}}, "right": {"set": [22, {"range": [8000, 8010]}]}}},
      {"reject": {"type": "tcp reset"}}])"),
            "tcp dport { 22, 8000-8010 } reject with tcp reset ");
  EXPECT_EQ(TextOf(R"([{"dnat": {"addr": "fd00::2", "port": 80}}])"), "dnat to [fd00::2]:80");
  EXPECT_EQ(TextOf(R"([{"redirect": {"port": 8080}}])"), "redirect to :8080");
  EXPECT_EQ(TextOf(R"([{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}},
      "data": {"set": [[80, {"jump": {"target": "web"}}], [81, {"drop": null}]]}}}])"),
            "tcp dport vmap { 80 : jump web, 81 : drop }");
}

TEST(RuleText, WhatIsNotKnownStandsAsJson) {
  EXPECT_EQ(TextOf(R"([{"quux": {"a": 1}}])"), R"({"quux":{"a":1}})");
  EXPECT_EQ(TextOf(R"([7, null, [], {}])"), "7 null  {}");
  EXPECT_EQ(TextOf("{}"), "");
}

TEST(RuleText, NestingEnds) {
  Json value = 1;
  for (int i = 0; i < 100; ++i) value = {{"prefix", {{"addr", value}, {"len", 1}}}};
  EXPECT_NE(RuleText(Json::array({value})).find("..."), std::string::npos);
}

TEST(Verdict, OfARule) {
  EXPECT_EQ(VerdictOf(Json::parse(R"([{"counter": {}}, {"drop": null}])")), "drop");
  EXPECT_EQ(VerdictOf(Json::parse(R"([{"goto": {"target": "x"}}])")), "goto x");
  EXPECT_EQ(VerdictOf(Json::parse(R"([{"xt": {"type": "target", "name": "REJECT"}}])")), "reject");
  EXPECT_EQ(VerdictOf(Json::parse(R"([{"xt": {"type": "match", "name": "REJECT"}}])")), nullptr);
  EXPECT_EQ(VerdictOf(Json::parse(R"([{"counter": {}}])")), nullptr);
  EXPECT_EQ(VerdictOf(nullptr), nullptr);
}

Json Listing(int rules) {
  Json list = Json::parse(R"([{"metainfo": {}}, {"chain": {"family": "ip", "table": "f",
    "name": "c", "type": "filter", "hook": "input", "prio": -5, "policy": "drop"}}])");
  for (int i = 0; i < rules; ++i)
    list.push_back(
        {{"rule",
          {{"family", "ip"},
           {"table", "f"},
           {"chain", "c"},
           {"handle", 10 + i},
           {"expr", Json::parse(i % 2 == 0 ? R"([{"accept": null}])" : R"([{"drop": null}])")}}}});
  return {{"nftables", list}};
}

TEST(Ruleset, PositionsAndTheChainsFields) {
  bool cut = true;
  const Json got = FlattenRuleset(Listing(3), 10, &cut);
  EXPECT_FALSE(cut);
  EXPECT_EQ(got["available"], true);
  ASSERT_EQ(got["rules"].size(), 3U);
  EXPECT_EQ(got["rules"][2]["position"], 3);
  EXPECT_EQ(got["rules"][2]["handle"], 12);
  EXPECT_EQ(got["rules"][0]["hook"], "input");
  EXPECT_EQ(got["rules"][0]["priority"], -5);
  EXPECT_EQ(got["rules"][0]["policy"], "drop");
  EXPECT_EQ(got["rules"][0]["packets"], nullptr);
  EXPECT_EQ(got["chains"][0]["name"], "c");
}

TEST(Ruleset, WhatDropsIsCutLast) {
  bool cut = false;
  const Json got = FlattenRuleset(Listing(100), 60, &cut);
  EXPECT_TRUE(cut);
  ASSERT_EQ(got["rules"].size(), 60U);
  int drops = 0;
  for (const Json& rule : got["rules"]) drops += rule["verdict"] == "drop" ? 1 : 0;
  EXPECT_EQ(drops, 50);
  EXPECT_EQ(got["rules"][0]["position"], 1);
}

TEST(Ruleset, OtherJsonIsNone) {
  bool cut = false;
  for (const char* text : {"null", "[]", "{}", R"({"nftables": 3})"})
    EXPECT_EQ(FlattenRuleset(Json::parse(text), 10, &cut)["available"], false) << text;
  EXPECT_EQ(FlattenRuleset(Json::parse(R"({"nftables": [1, {"rule": 2}, {"rule": {"expr": 1}}]})"),
                           10, &cut)["rules"]
                .size(),
            1U);
}

}  // namespace
}  // namespace nsobs
