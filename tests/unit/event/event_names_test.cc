// The words of the contract, and that each number has its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "userspace/event/event.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;

// Names of the values first..last of an enum.
template <typename Enum>
std::vector<std::string> Names(int first, int last) {
  std::vector<std::string> out;
  for (int i = first; i <= last; ++i) out.emplace_back(Name(static_cast<Enum>(i)));
  return out;
}

TEST(EventNamesTest, Kinds) {
  EXPECT_THAT(
      Names<EventKind>(1, kEventKindEnd - 1),
      ElementsAre("namespace_change", "connect_failure", "signal", "oom_kill", "cgroup_change",
                  "process_exec", "process_exit", "container_start", "container_exit", "loss",
                  "gap", "entry", "packet_drop", "bind_failure", "file_failure", "dns_failure"));
  for (size_t i = 1; i < kEventKindEnd; ++i) {
    const auto kind = static_cast<EventKind>(i);
    EXPECT_EQ(EventKindFromName(Name(kind)), kind);
  }
  for (const char* name : {"", "Signal", "signals", "oom", "connect_failure "}) {
    EXPECT_EQ(EventKindFromName(name), std::nullopt) << name;
  }
}

TEST(EventNamesTest, Enums) {
  EXPECT_THAT(Names<DnsFailure::Outcome>(1, 3), ElementsAre("no_answer", "servfail", "refused"));
  EXPECT_THAT(Names<NamespaceChange::Operation>(1, 3), ElementsAre("setns", "unshare", "clone"));
  EXPECT_THAT(Names<Protocol>(1, 6),
              ElementsAre("tcp", "udp", "unix_stream", "unix_dgram", "unix_seqpacket", "other"));
  EXPECT_THAT(Names<ConnectFailure::Phase>(1, 3), ElementsAre("immediate", "later", "abandoned"));
  EXPECT_THAT(Names<ConnectFailure::DestinationSource>(0, 2),
              ElementsAre("none", "socket", "caller"));
  EXPECT_THAT(Names<Signal::Result>(1, 5),
              ElementsAre("delivered", "ignored", "blocked", "pending", "overflow"));
  EXPECT_THAT(Names<Signal::Handler>(0, 2), ElementsAre("default", "ignore", "handler"));
  EXPECT_THAT(Names<OomKill::Reason>(1, 3), ElementsAre("cgroup", "ancestor", "host"));
}

TEST(EventNamesTest, Families) {
  EXPECT_EQ(FamilyName(AF_INET), "inet");
  EXPECT_EQ(FamilyName(AF_INET6), "inet6");
  EXPECT_EQ(FamilyName(AF_UNIX), "unix");
  EXPECT_EQ(FamilyName(0), "other");
  EXPECT_EQ(FamilyName(AF_NETLINK), "other");
}

TEST(ProcessTest, PidAndStartAreTheIdentity) {
  Process process;
  process.pid = 7;
  process.start_boot_ns = 9;
  EXPECT_EQ(process.key(), (ProcessKey{7, 9}));
  EXPECT_NE(process.key(), (ProcessKey{7, 8}));
  EXPECT_NE(process.key(), (ProcessKey{8, 9}));
}

}  // namespace
}  // namespace nsobs
