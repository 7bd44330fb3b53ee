#include "exporters/web/host_check.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

TEST(HostCheck, Loopback) {
  for (const char* address : {"127.0.0.1:9917", "127.9.9.9:0", "[::1]:9917", "localhost:9917"}) {
    EXPECT_TRUE(ListensOnLoopback(address)) << address;
  }
  for (const char* address :
       {":9917", "0.0.0.0:9917", "[::]:9917", "10.0.0.7:9917", "[fe80::1]:1"}) {
    EXPECT_FALSE(ListensOnLoopback(address)) << address;
  }
}

TEST(HostCheck, NamesOfNoSite) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:80", "10.0.0.7:9917", "[::1]", "[::1]:9917",
                           "localhost", "LOCALHOST:1", "a.localhost:9917"}) {
    EXPECT_TRUE(IsAddressOrLocalhost(host)) << host;
  }
  for (const char* host : {"", ":80", "evil.example", "evil.example:9917", "localhost.evil.example",
                           "127.0.0.1.evil.example", "[evil]", "notlocalhost", "127.1"}) {
    EXPECT_FALSE(IsAddressOrLocalhost(host)) << host;
  }
}

}  // namespace
}  // namespace nsobs
