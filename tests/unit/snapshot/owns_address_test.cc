#include <gtest/gtest.h>

#include "userspace/snapshot/net/net_reader.h"

namespace nsobs {
namespace {

SectionJson PeerWith(std::initializer_list<const char*> addresses) {
  SectionJson peer = {{"addresses", SectionJson::array()}};
  for (const char* address : addresses) peer["addresses"].push_back({{"address", address}});
  return peer;
}

TEST(OwnsAddress, AnyOfThemInAnyNotation) {
  const SectionJson peer = PeerWith({"127.0.0.1", "10.0.0.7", "fd00::7"});
  for (const char* own : {"10.0.0.7", "::ffff:10.0.0.7", "::ffff:a00:7", "fd00::7", "fd00:0::0:7"})
    EXPECT_TRUE(OwnsAddress(peer, own)) << own;
  for (const char* not_own : {"10.0.0.8", "::10.0.0.7", "fd00::8", "", "10.0.0.7/24", "db"})
    EXPECT_FALSE(OwnsAddress(peer, not_own)) << not_own;
}

TEST(OwnsAddress, WhatEveryNamespaceHasIsNobodys) {
  const SectionJson peer =
      PeerWith({"127.0.0.1", "127.0.0.53", "0.0.0.0", "::1", "::", "fe80::1", "169.254.1.1"});
  for (const char* address : {"127.0.0.1", "::ffff:127.0.0.1", "127.0.0.53", "0.0.0.0", "::1",
                              "::", "fe80::1", "169.254.1.1"})
    EXPECT_FALSE(OwnsAddress(peer, address)) << address;
}

TEST(OwnsAddress, WithoutAddressesNothing) {
  EXPECT_FALSE(OwnsAddress(SectionJson::object(), "10.0.0.7"));
  EXPECT_FALSE(OwnsAddress(PeerWith({""}), "10.0.0.7"));
}

TEST(IsWiredTo, ByTheFarEndOfAVeth) {
  const SectionJson peer = {{"links",
                             {{{"name", "lo"}},
                              {{"name", "podman0"}, {"peer_netns", nullptr}},
                              {{"name", "veth0"}, {"peer_netns", 4026532186}}}}};
  EXPECT_TRUE(IsWiredTo(peer, 4026532186));
  EXPECT_FALSE(IsWiredTo(peer, 4026532187));
  EXPECT_FALSE(IsWiredTo(peer, 0));
  EXPECT_FALSE(IsWiredTo(SectionJson::object(), 4026532186));
}

}  // namespace
}  // namespace nsobs
