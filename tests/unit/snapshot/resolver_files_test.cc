#include "userspace/snapshot/net/resolver_files.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

TEST(ResolvConf, WhatTheResolverTakes) {
  const Json got = ParseResolvConf(
      "# made by hand\nnameserver 10.0.0.2 # the first\r\n nameserver\tfd00::1\ndomain "
      "old.example\n"
      "search a.example b.example\noptions ndots:5 timeout:1\noptions edns0\nnonsense\nnameserver");
  EXPECT_EQ(got["path"], "/etc/resolv.conf");
  EXPECT_EQ(got["nameservers"], Json::array({"10.0.0.2", "fd00::1"}));
  EXPECT_EQ(got["search"], Json::array({"a.example", "b.example"}));
  EXPECT_EQ(got["options"], Json::array({"ndots:5", "timeout:1", "edns0"}));
}

TEST(ResolvConf, EmptyAndHostile) {
  EXPECT_EQ(ParseResolvConf("")["nameservers"], Json::array());
  const Json got = ParseResolvConf("nameserver \xff\xfe\n" + std::string(100'000, 'x'));
  EXPECT_NO_THROW(got.dump());
  EXPECT_LE(ParseResolvConf("nameserver " + std::string(10'000, 'y'))["nameservers"][0]
                .get<std::string>()
                .size(),
            256U);
  // Half a character alone: a word, and those behind it keep their places.
  EXPECT_EQ(ParseResolvConf("search \xce b\n")["search"], Json::array({"\uFFFD", "b"}));
}

TEST(Hosts, LinesAndTheirBound) {
  bool cut = true;
  EXPECT_EQ(ParseHosts("127.0.0.1\tlocalhost  me # c\n#x\n\n::1 six\n", 10, &cut),
            Json::parse(R"([{"address": "127.0.0.1", "names": ["localhost", "me"]},
                            {"address": "::1", "names": ["six"]}])"));
  EXPECT_FALSE(cut);
  EXPECT_EQ(ParseHosts("1 a\n2 b\n3 c\n", 2, &cut).size(), 2U);
  EXPECT_TRUE(cut);
}

}  // namespace
}  // namespace nsobs
