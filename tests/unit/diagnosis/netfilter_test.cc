#include "userspace/diagnosis/netfilter.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

Packet Syn(int64_t port) {
  Packet packet;
  packet.protocol = "tcp";
  packet.source = "10.0.0.2";
  packet.destination = "10.0.0.7";
  packet.source_port = 40000;
  packet.destination_port = port;
  packet.out_link = "eth0";
  packet.ct_state = "new";
  return packet;
}

Match Matches(const char* match, const Packet& packet) {
  const Json json = Json::parse(match);
  return MatchOf(Node(json), packet);
}

TEST(NetfilterMatch, FieldsOfThePacket) {
  struct Row {
    const char* match;
    Match want;
  };
  const Row rows[] = {
      {R"({"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":5432})",
       Match::kYes},
      {R"({"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":80})",
       Match::kNo},
      {R"({"op":"!=","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":80})",
       Match::kYes},
      {R"({"op":"==","left":{"payload":{"protocol":"udp","field":"dport"}},"right":5432})",
       Match::kNo},
      {R"({"op":"!=","left":{"payload":{"protocol":"udp","field":"dport"}},"right":1})",
       Match::kNo},
      {R"({"op":"==","left":{"payload":{"protocol":"th","field":"dport"}},"right":{"set":[80,{"range":[5000,6000]}]}})",
       Match::kYes},
      {R"({"op":"<","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":1024})",
       Match::kNo},
      {R"({"op":"==","left":{"payload":{"protocol":"ip","field":"daddr"}},"right":{"prefix":{"addr":"10.0.0.0","len":8}}})",
       Match::kYes},
      {R"({"op":"==","left":{"payload":{"protocol":"ip","field":"daddr"}},"right":{"range":["10.0.0.1","10.0.0.6"]}})",
       Match::kNo},
      {R"({"op":"==","left":{"payload":{"protocol":"ip6","field":"daddr"}},"right":"::1"})",
       Match::kNo},
      {R"({"op":"==","left":{"payload":{"protocol":"ip","field":"daddr"}},"right":"@bad"})",
       Match::kMaybe},
      {R"({"op":"==","left":{"meta":{"key":"oifname"}},"right":"eth*"})", Match::kYes},
      {R"({"op":"==","left":{"meta":{"key":"oifname"}},"right":"lo"})", Match::kNo},
      {R"({"op":"==","left":{"meta":{"key":"iifname"}},"right":"lo"})", Match::kMaybe},
      {R"({"op":"==","left":{"meta":{"key":"l4proto"}},"right":6})", Match::kYes},
      {R"({"op":"==","left":{"meta":{"key":"skuid"}},"right":1000})", Match::kMaybe},
      {R"({"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]})",
       Match::kNo},
      {R"({"op":"in","left":{"ct":{"key":"state"}},"right":"new"})", Match::kYes},
      {R"({"op":"==","left":{"&":[{"payload":{"protocol":"tcp","field":"flags"}},"syn"]},"right":"syn"})",
       Match::kMaybe},
      {R"({})", Match::kMaybe},
      {R"([1])", Match::kMaybe},
  };
  for (const Row& row : rows) EXPECT_EQ(Matches(row.match, Syn(5432)), row.want) << row.match;
}

// Rules as "chain: expressions", in the chains output (base), a and b of table inet filter.
class NetfilterTest : public testing::Test {
 protected:
  void Policy(const char* policy) { netfilter_["chains"][0]["policy"] = policy; }

  void Rule(const char* chain, const char* expr, int64_t packets = -1) {
    Json rule = {{"family", "inet"},    {"table", "filter"},   {"chain", chain},
                 {"handle", ++handle_}, {"position", handle_}, {"expr", Json::parse(expr)}};
    if (packets >= 0) rule["packets"] = packets;
    netfilter_["rules"].push_back(std::move(rule));
  }

  // "2" is the rule with that handle, "policy" the chain's; "?" behind it: not sure.
  std::string Dropped(int64_t port = 5432) const {
    const auto drop = FirstDrop(Node(netfilter_), "output", Syn(port));
    if (!drop) return "";
    return absl::StrCat(
        drop->by_policy ? "policy" : absl::StrCat(drop->where["handle"].number_or(0)),
        drop->sure ? "" : "?");
  }

  static constexpr char kPort[] =
      R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":5432}})";
  static constexpr char kUid[] =
      R"({"match":{"op":"==","left":{"meta":{"key":"skuid"}},"right":5}})";

  static std::string Then(const char* match, const char* verdict) {
    return absl::StrCat("[", match, ",", verdict, "]");
  }

  Json netfilter_ = {{"available", true},
                     {"rules", Json::array()},
                     {"chains",
                      {{{"family", "inet"},
                        {"table", "filter"},
                        {"name", "output"},
                        {"hook", "output"},
                        {"type", "filter"},
                        {"policy", "accept"},
                        {"priority", 0}}}}};
  int64_t handle_ = 0;
};

TEST_F(NetfilterTest, FirstRuleThatMatches) {
  Rule("output", Then(kPort, R"({"drop":null})").c_str());
  Rule("output", R"([{"drop":null}])");
  EXPECT_EQ(Dropped(), "1");
  EXPECT_EQ(Dropped(80), "2");
}

TEST_F(NetfilterTest, AcceptBeforeItSavesThePacket) {
  Rule("output", Then(kPort, R"({"accept":null})").c_str());
  Rule("output", R"([{"drop":null}])");
  EXPECT_EQ(Dropped(), "");
  EXPECT_EQ(Dropped(80), "2");
}

TEST_F(NetfilterTest, AcceptThatMayMatchMakesItUnsure) {
  Rule("output", Then(kUid, R"({"accept":null})").c_str());
  Rule("output", R"([{"drop":null}])");
  EXPECT_EQ(Dropped(), "2?");
}

TEST_F(NetfilterTest, JumpsAndReturns) {
  Rule("output", Then(kPort, R"({"jump":{"target":"a"}})").c_str());
  Rule("a", R"([{"goto":{"target":"b"}}])");
  Rule("a", R"([{"drop":null}])");
  Rule("b", R"([{"return":null}])");
  Rule("b", R"([{"drop":null}])");
  EXPECT_EQ(Dropped(), "");
  Policy("drop");
  EXPECT_EQ(Dropped(), "policy");
}

TEST_F(NetfilterTest, DropInAChainThatIsJumpedTo) {
  Rule("output", R"([{"jump":{"target":"a"}}])");
  Rule("a", Then(kPort, R"({"reject":{"type":"tcp reset"}})").c_str());
  EXPECT_EQ(Dropped(), "2");
  EXPECT_EQ(Dropped(80), "");
}

TEST_F(NetfilterTest, LoopsOfJumpsEnd) {
  Rule("output", R"([{"jump":{"target":"a"}}])");
  Rule("a", R"([{"jump":{"target":"a"}}])");
  Rule("a", R"([{"jump":{"target":"output"}}])");
  EXPECT_EQ(Dropped(), "");
}

TEST_F(NetfilterTest, PolicyDropUnlessAccepted) {
  Policy("drop");
  Rule("output", Then(kPort, R"({"accept":null})").c_str());
  EXPECT_EQ(Dropped(), "");
  EXPECT_EQ(Dropped(80), "policy");
}

TEST_F(NetfilterTest, CountersTellWhichOfSeveralItWas) {
  Rule("output", Then(kUid, R"({"drop":null})").c_str(), 0);
  Rule("output", Then(kUid, R"({"drop":null})").c_str());
  Rule("output", Then(kUid, R"({"drop":null})").c_str(), 4);
  EXPECT_EQ(Dropped(), "3?");
}

TEST_F(NetfilterTest, ARuleThatNeverCountedIsNotIt) {
  Rule("output", Then(kPort, R"({"drop":null})").c_str(), 0);
  EXPECT_EQ(Dropped(), "");
}

TEST_F(NetfilterTest, XtablesTargets) {
  Rule("output",
       R"([{"xt":{"type":"match","name":"comment"}},{"xt":{"type":"target","name":"REJECT"}}])");
  EXPECT_EQ(Dropped(), "1");
}

TEST_F(NetfilterTest, VerdictMapsAndUnknownStatementsAreUnsure) {
  Rule("output", R"([{"vmap":{}}])");
  Rule("output", R"([{"drop":null}])");
  EXPECT_EQ(Dropped(), "2?");
}

TEST_F(NetfilterTest, ARuleWithoutExpressionsMatchesMaybe) {
  netfilter_["rules"].push_back({{"family", "inet"},
                                 {"table", "filter"},
                                 {"chain", "output"},
                                 {"handle", 9},
                                 {"position", 1},
                                 {"verdict", "drop"}});
  EXPECT_EQ(Dropped(), "9?");
}

TEST_F(NetfilterTest, OtherHooksFamiliesAndNatAreNotAsked) {
  Rule("output", R"([{"drop":null}])");
  netfilter_["chains"][0]["hook"] = "input";
  EXPECT_EQ(Dropped(), "");
  netfilter_["chains"][0]["hook"] = "output";
  netfilter_["chains"][0]["type"] = "nat";
  EXPECT_EQ(Dropped(), "");
  netfilter_["chains"][0]["type"] = "filter";
  netfilter_["chains"][0]["family"] = "ip6";
  EXPECT_EQ(Dropped(), "");
}

TEST_F(NetfilterTest, NamesTheRule) {
  Rule("output", R"([{"drop":null}])");
  const auto drop = FirstDrop(Node(netfilter_), "output", Syn(1));
  ASSERT_TRUE(drop);
  EXPECT_EQ(drop->Text(), "rule 1 (table inet filter, chain output)");
  EXPECT_EQ(drop->ChainForCommand(), "inet filter output");
}

}  // namespace
}  // namespace nsobs
