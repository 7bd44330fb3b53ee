// Packets that a packet filter drops: each that matters once, where it was dropped, and by whom it
// was sent where that is sure.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/net_lab.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr uint16_t kDropped = 7100;  // by the near side's output
constexpr uint16_t kDroppedThere = 7101;
constexpr uint16_t kDroppedEarly = 7102;

enum class Where { kLab, kHost };

struct Sender {
  UniqueFd fd;
  uint16_t port = 0;
};

// A socket of `type` bound to a port, so that it is known before the packet goes.
Sender Bound(int family, int type) {
  Sender out;
  out.fd = UniqueFd(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Address any = MakeAddress(family == AF_INET6 ? "::" : "0.0.0.0", 0);
  if (bind(out.fd.get(), any.get(), any.size) == 0) out.port = LocalPort(out.fd.get());
  return out;
}

// One datagram, or the first SYN of a connect that is given up at once; tells its source port.
uint16_t SendOne(const char* address, uint16_t port, int type) {
  const Address to = MakeAddress(address, port);
  Sender sender = Bound(to.storage.ss_family, type);
  if (type == SOCK_DGRAM) {
    (void)!sendto(sender.fd.get(), "x", 1, 0, to.get(), to.size);
  } else {
    (void)!connect(sender.fd.get(), to.get(), to.size);
  }
  return sender.port;
}

// Drops of packets to this port, whoever sent them.
std::vector<Event> DropsTo(Probes& probes, uint16_t port) {
  return probes.Take([port](const Event& e) {
    const auto* drop = std::get_if<PacketDrop>(&e.detail);
    return drop != nullptr && drop->port == port;
  });
}

struct DropCase {
  const char* name;
  const char* address;
  uint16_t port;
  int type;
  const char* hook;
  const char* source;
};
const DropCase kCases[] = {
    {"OutTcp4", "10.99.0.2", kDropped, SOCK_STREAM, "output", "10.99.0.1"},
    {"OutTcp6", "fd99::2", kDropped, SOCK_STREAM, "output", "fd99::1"},
    {"OutUdp4", "10.99.0.2", kDropped, SOCK_DGRAM, "output", "10.99.0.1"},
    {"OutUdp6", "fd99::2", kDropped, SOCK_DGRAM, "output", "fd99::1"},
    {"InTcp4", "10.99.0.2", kDroppedThere, SOCK_STREAM, "input", "10.99.0.1"},
    {"InTcp6", "fd99::2", kDroppedThere, SOCK_STREAM, "input", "fd99::1"},
    {"InUdp4", "10.99.0.2", kDroppedThere, SOCK_DGRAM, "input", "10.99.0.1"},
    {"InUdp6", "fd99::2", kDroppedThere, SOCK_DGRAM, "input", "fd99::1"},
    {"EarlyTcp4", "10.99.0.2", kDroppedEarly, SOCK_STREAM, "prerouting", "10.99.0.1"},
    {"EarlyUdp6", "fd99::2", kDroppedEarly, SOCK_DGRAM, "prerouting", "fd99::1"},
};

class DropTest : public ::testing::TestWithParam<DropCase> {
 protected:
  static void SetUpTestSuite() {
    lab_ = std::make_unique<NetLab>();
    RunIn(lab_->near_fd(), "nft add rule inet lab out th dport 7100 drop");
    RunIn(lab_->peer_fd(),
          "nft add rule inet lab in th dport 7101 drop && "
          "nft add chain inet lab early '{ type filter hook prerouting priority -300; }' && "
          "nft add rule inet lab early th dport 7102 drop");
  }
  static void TearDownTestSuite() { lab_.reset(); }
  static std::unique_ptr<NetLab> lab_;
};
std::unique_ptr<NetLab> DropTest::lab_;

uint32_t NetInodeOf(int netns_fd) {
  Child child({.netns_fd = netns_fd}, [](Line&) { return 0; });
  child.Run();
  return child.facts().ns_inode[static_cast<size_t>(NamespaceKind::kNet)];
}

TEST_P(DropTest, IsToldWithWhereAndWho) {
  const DropCase& c = GetParam();
  const bool out = std::string_view(c.hook) == "output";
  Probes& probes = Probes::Shared();
  probes.Forget();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.netns_fd = lab_->near_fd(), .cgroup = &cgroup},
              [&c](Line& line) { return line.Send(SendOne(c.address, c.port, c.type)) ? 0 : 1; });
  const int64_t from_ns = BootNowNs();
  child.Go();
  const auto port = child.Receive<uint16_t>();
  EXPECT_EQ(child.Wait(), 0);
  ASSERT_TRUE(WaitUntil([&] { return !DropsTo(probes, c.port).empty(); }));
  const auto events = DropsTo(probes, c.port);
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kPacketDrop, from_ns, BootNowNs());
  const auto& drop = std::get<PacketDrop>(events[0].detail);
  EXPECT_EQ(Name(drop.protocol), c.type == SOCK_DGRAM ? "udp" : "tcp");
  EXPECT_EQ(Name(drop.hook), c.hook);
  EXPECT_EQ(drop.family, strchr(c.address, ':') != nullptr ? AF_INET6 : AF_INET);
  EXPECT_EQ(drop.source, c.source);
  EXPECT_EQ(drop.source_port, port);
  EXPECT_EQ(drop.destination, c.address);
  EXPECT_EQ(drop.interface, out ? "near" : "peer");
  EXPECT_EQ(drop.net.inode, NetInodeOf(out ? lab_->near_fd() : lab_->peer_fd()));
  if (out) {
    ExpectProcess(events[0].process, child.facts(), &cgroup);
    EXPECT_THAT(CountsOf(probes, CounterFamily::kPacketDrop, cgroup, child.facts()),
                ElementsAre(Pair(std::pair(static_cast<int>(drop.protocol), 4), 1)));
  } else {
    EXPECT_EQ(events[0].process.pid, 0u);
    EXPECT_EQ(events[0].process.namespaces[NamespaceKind::kNet].inode, drop.net.inode);
    EXPECT_THAT(CountsOf(probes, CounterFamily::kPacketDrop, cgroup, child.facts()), IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(All, DropTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

// The host's own namespace, on a port and in a table that nobody else has.
TEST(HostDropTest, IsTheHosts) {
  constexpr uint16_t kPort = 47113;
  Probes& probes = Probes::Shared();
  probes.Forget();
  UniqueFd here(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  RunIn(here.get(),
        "nft 'add table inet nsobs_test; add chain inet nsobs_test out { type filter hook output "
        "priority 0; }; add rule inet nsobs_test out udp dport 47113 drop'");
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    for (int i = 0; i < 25; ++i) {
      if (SendOne("127.0.0.1", kPort, SOCK_DGRAM) == 0) return 1;
    }
    return 0;
  });
  child.Run();
  RunIn(here.get(), "nft delete table inet nsobs_test");
  const auto events = DropsTo(probes, kPort);
  ASSERT_EQ(events.size(), 25u);
  for (const Event& event : events) {
    ExpectProcess(event.process, child.facts(), &cgroup);
    EXPECT_EQ(std::get<PacketDrop>(event.detail).interface, "lo");
  }
  EXPECT_THAT(CountsOf(probes, CounterFamily::kPacketDrop, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(2, 4), 25)));
}

// A SYN that is sent again by a timer is a drop like the first, but nobody is named for it.
TEST_F(DropTest, ARepeatedSynHasNoProcess) {
  Probes& probes = Probes::Shared();
  probes.Forget();
  Child child({.netns_fd = lab_->near_fd()}, [](Line&) {
    return Connect(MakePlan("10.99.0.2", kDropped)).error == ETIMEDOUT ? 0 : 1;
  });
  child.Run();
  const auto events = DropsTo(probes, kDropped);
  ASSERT_GE(events.size(), 2u);  // tcp_syn_retries is 1; the kernel may try once more at once
  ExpectProcess(events[0].process, child.facts(), nullptr);
  for (size_t i = 1; i < events.size(); ++i) {
    EXPECT_EQ(events[i].process.pid, 0u);
    EXPECT_EQ(events[i].process.namespaces[NamespaceKind::kNet].inode,
              child.facts().ns_inode[static_cast<size_t>(NamespaceKind::kNet)]);
  }
}

// Forwarded packets are dropped in the router's namespace; what else is dropped is not told.
TEST_F(DropTest, ForwardedAndWhatIsNotTold) {
  Probes& probes = Probes::Shared();
  probes.Forget();
  RunIn(lab_->peer_fd(),
        "echo 1 >/proc/sys/net/ipv4/ip_forward && ip link add away type veth peer name beyond && "
        "ip link set beyond up && "
        "ip addr add 10.97.0.1/24 dev away && ip link set away up && "
        "nft add chain inet lab through '{ type filter hook forward priority 0; }' && "
        "nft add rule inet lab through th dport 7103 drop");
  RunIn(lab_->near_fd(),
        "ip route add 10.97.0.0/24 via 10.99.0.2 && "
        "nft add chain inet lab back '{ type filter hook input priority 0; }' && "
        "nft add rule inet lab back meta l4proto icmp drop");
  Child child({.netns_fd = lab_->near_fd()}, [](Line&) {
    SendOne("10.97.0.5", 7103, SOCK_STREAM);
    SendOne("10.99.0.2", 7104, SOCK_DGRAM);  // a port that is closed: an ICMP, dropped here
    return 0;
  });
  child.Run();
  ASSERT_TRUE(WaitUntil([&] { return !DropsTo(probes, 7103).empty(); }));
  const auto events = probes.Take([](const Event& e) { return e.kind == EventKind::kPacketDrop; });
  ASSERT_EQ(events.size(), 1u);
  const auto& drop = std::get<PacketDrop>(events[0].detail);
  EXPECT_EQ(Name(drop.hook), "forward");
  EXPECT_EQ(drop.destination, "10.97.0.5");
  EXPECT_EQ(drop.net.inode, NetInodeOf(lab_->peer_fd()));
}

}  // namespace
}  // namespace nsobs
