#include "exporters/web/listen_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ListenAddress, Good) {
  const struct {
    const char* text;
    const char* host;
    int port;
  } kCases[] = {
      {"127.0.0.1:9917", "127.0.0.1", 9917},
      {"[::1]:9917", "::1", 9917},
      {":9917", "", 9917},
      {"0.0.0.0:0", "0.0.0.0", 0},
      {"localhost:80", "127.0.0.1", 80},
      {"[::]:65535", "::", 65535},
      {"[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", 1},
  };
  for (const auto& c : kCases) {
    const auto address = ParseListenAddress(c.text);
    ASSERT_TRUE(address.ok()) << c.text << " " << address.status();
    EXPECT_EQ(address->host, c.host) << c.text;
    EXPECT_EQ(address->port, c.port) << c.text;
  }
}

TEST(ListenAddress, BadOnesGetOneClearLine) {
  const struct {
    std::string text, why;
  } kCases[] = {
      {"", "has no port"},
      {"127.0.0.1", "has no port"},
      {"127.0.0.1:", "the port is not a number"},
      {"127.0.0.1:http", "the port is not a number"},
      {"127.0.0.1:+80", "the port is not a number"},
      {"127.0.0.1: 80", "the port is not a number"},
      {"127.0.0.1:-1", "the port is not a number"},
      {"127.0.0.1:65536", "the port is not a number"},
      {"127.0.0.1:99999999999999999999", "the port is not a number"},
      {"::1:9917", "stands in brackets"},
      {"[127.0.0.1]:9917", "brackets are for IPv6"},
      {"[]:9917", "brackets are for IPv6"},
      {"[::1:9917", "stands in brackets"},
      {"example.org:9917", "the host is not an IP address"},
      {"300.0.0.1:9917", "the host is not an IP address"},
      {std::string("127.0.0.1\0:80", 13), "the host is not an IP address"},
      {"http://127.0.0.1:9917", "stands in brackets"},
      {"\x1b[31mred:80", "the host is not an IP address"},
  };
  for (const auto& c : kCases) {
    const auto address = ParseListenAddress(c.text);
    ASSERT_FALSE(address.ok()) << c.text;
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(address.status().message());
    EXPECT_THAT(message, HasSubstr("web.listen-address"));
    EXPECT_THAT(message, HasSubstr(c.why)) << c.text;
    EXPECT_THAT(message, Not(HasSubstr("\n")));
    EXPECT_THAT(message, Not(HasSubstr("\x1b")));
  }
}

TEST(Listen, FreePortsOfAllKindsOfAddresses) {
  for (const char* text : {"127.0.0.1:0", ":0", "0.0.0.0:0", "[::1]:0", "[::]:0"}) {
    const auto socket = Listen(*ParseListenAddress(text));
    if (!socket.ok() && text[0] == '[' && absl::IsFailedPrecondition(socket.status())) {
      continue;  // a host without IPv6
    }
    ASSERT_TRUE(socket.ok()) << text << " " << socket.status();
    EXPECT_GT(socket->port, 0) << text;
  }
}

TEST(Listen, PortInUse) {
  const auto first = Listen(*ParseListenAddress("127.0.0.1:0"));
  ASSERT_TRUE(first.ok());
  const auto second = Listen({"127.0.0.1", static_cast<uint16_t>(first->port)});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  const std::string message(second.status().message());
  EXPECT_THAT(message, HasSubstr(absl::StrCat("127.0.0.1:", first->port, ": the port is in use")));
  EXPECT_THAT(message, HasSubstr("--web.listen-address"));
  EXPECT_THAT(message, Not(HasSubstr("\n")));
}

TEST(Listen, AddressOfNobody) {
  const auto socket = Listen(*ParseListenAddress("192.0.2.1:0"));  // TEST-NET-1
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(socket.status().message()), HasSubstr("no interface of this host"));
}

}  // namespace
}  // namespace nsobs
