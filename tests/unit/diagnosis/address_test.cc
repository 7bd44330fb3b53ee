#include "userspace/diagnosis/address.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

TEST(Address, LoopbackIsAWholeNetAndOneAddress) {
  EXPECT_TRUE(IsLoopback("127.0.0.1"));
  EXPECT_TRUE(IsLoopback("127.9.9.9"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_TRUE(IsLoopback("::ffff:127.0.0.1"));
  EXPECT_FALSE(IsLoopback("::2"));
  EXPECT_FALSE(IsLoopback("128.0.0.1"));
  EXPECT_FALSE(IsLoopback(""));
  EXPECT_FALSE(IsLoopback("localhost"));
}

TEST(Address, PrefixesOfBothFamilies) {
  const IpAddress v4 = *IpAddress::Parse("10.1.2.3"), v6 = *IpAddress::Parse("2001:db8::1");
  EXPECT_TRUE(InPrefix(v4, "10.0.0.0/8"));
  EXPECT_TRUE(InPrefix(v4, "10.1.2.2/31"));
  EXPECT_FALSE(InPrefix(v4, "10.1.2.4/30"));
  EXPECT_TRUE(InPrefix(v4, "default"));
  EXPECT_TRUE(InPrefix(v4, "10.1.2.3"));
  EXPECT_TRUE(InPrefix(v6, "2001:db8::/32"));
  EXPECT_FALSE(InPrefix(v6, "10.0.0.0/8"));
  for (const char* junk : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "/8", ""}) {
    EXPECT_FALSE(InPrefix(v4, junk)) << junk;
  }
}

TEST(Address, WhoAcceptsWhat) {
  EXPECT_TRUE(Accepts("0.0.0.0", false, "127.0.0.1"));
  EXPECT_TRUE(Accepts("::", false, "127.0.0.1"));
  EXPECT_FALSE(Accepts("::", true, "127.0.0.1"));
  EXPECT_TRUE(Accepts("::", true, "::1"));
  EXPECT_FALSE(Accepts("0.0.0.0", false, "::1"));
  EXPECT_FALSE(Accepts("127.0.0.1", false, "127.0.0.53"));
  EXPECT_TRUE(Accepts("::ffff:127.0.0.1", false, "127.0.0.1"));
  EXPECT_FALSE(Accepts("", false, "127.0.0.1"));
  EXPECT_FALSE(Accepts("0.0.0.0", false, "nowhere"));
}

}  // namespace
}  // namespace nsobs
