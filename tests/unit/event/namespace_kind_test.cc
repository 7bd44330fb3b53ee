#include "userspace/event/namespace_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "userspace/base/file.h"

namespace nsobs {
namespace {

TEST(NamespaceKindTest, NamesComeBackAndAreSorted) {
  std::string last;
  for (NamespaceKind kind : kNamespaceKinds) {
    EXPECT_EQ(NamespaceKindFromName(Name(kind)), kind);
    EXPECT_LT(last, Name(kind));
    last = Name(kind);
  }
  for (const char* name : {"", "Net", "net ", "mount", "pid_for_children", "cgroups"}) {
    EXPECT_EQ(NamespaceKindFromName(name), std::nullopt) << name;
  }
}

TEST(ParseNamespaceLinkTest, EachKind) {
  for (NamespaceKind kind : kNamespaceKinds) {
    const auto parsed = ParseNamespaceLink(std::string(Name(kind)) + ":[4026531833]");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->first, kind);
    EXPECT_EQ(parsed->second, 4'026'531'833u);
  }
  EXPECT_EQ(ParseNamespaceLink("net:[4294967295]")->second, 4'294'967'295u);
  EXPECT_EQ(ParseNamespaceLink("net:[0]")->second, 0u);
}

TEST(ParseNamespaceLinkTest, NothingElse) {
  for (const char* text : {"",
                           "net",
                           "net:",
                           "net:[",
                           "net:]",
                           "net:[]",
                           ":[]",
                           ":[5]",
                           "[5]",
                           "net:5",
                           "net:[5",
                           "net:5]",
                           "net:[5]x",
                           "net:[5] ",
                           " net:[5]",
                           "NET:[5]",
                           "mount:[5]",
                           "net:[-5]",
                           "net:[+5]",
                           "net:[ 5]",
                           "net:[5 ]",
                           "net:[0x5]",
                           "net:[5.0]",
                           "net:[4294967296]",
                           "net:[99999999999999999999999]",
                           "net::[5]",
                           "net:[[5]]",
                           "net:[5]]",
                           "socket:[5]",
                           "/proc/1/ns/net"}) {
    EXPECT_EQ(ParseNamespaceLink(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseNamespaceLink(std::string_view("net:[5\0]", 8)), std::nullopt);
}

TEST(ParseNamespaceLinkTest, EveryCutOfAGoodOneIsBad) {
  const std::string good = "net:[4026531833]";
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(ParseNamespaceLink(good.substr(0, size)), std::nullopt) << size;
  }
}

TEST(ParseNamespaceLinkTest, WhatThisKernelSays) {
  const auto parsed = ParseNamespaceLink(ReadLink("/proc/self/ns/uts").value());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->first, NamespaceKind::kUts);
  EXPECT_NE(parsed->second, 0u);
}

TEST(NamespaceSetTest, ComparesInodeAndId) {
  NamespaceSet a, b;
  EXPECT_EQ(a, b);
  a[NamespaceKind::kUts] = {5, 6};
  EXPECT_NE(a, b);
  b[NamespaceKind::kUts] = {5, 7};  // the inode came back, the namespace didn't
  EXPECT_NE(a, b);
  b[NamespaceKind::kUts].id = 6;
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace nsobs
