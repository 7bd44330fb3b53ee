// Every field of the net sections against namespaces that were made for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "tests/snapshot/lab.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kSetup[] = R"(
ip link add br0 type bridge; ip link set br0 up
ip link add eth0 type veth peer name eth1; ip link set eth0 mtu 1400
ip link set eth1 master br0; ip link set eth0 up; ip link set eth1 up
ip addr add 10.77.0.2/24 dev eth0; ip -6 addr add fd77::2/64 dev eth0 nodad
ip route add default via 10.77.0.1; ip route add unreachable 10.78.0.0/16
ip route add 10.79.0.0/16 via 10.77.0.9 metric 7 table 100
ip rule add from 10.77.0.2 table 100 priority 500
ip neigh add 10.77.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
nft 'table inet t { chain o { type filter hook output priority 0; policy accept;
  tcp dport 1 accept
  tcp dport { 80, 443 } counter packets 3 bytes 180 drop
  ip daddr 10.1.0.0/16 jump x
  udp dport 53 reject
 }
 chain x { counter
 }
}'
iptables -t nat -A PREROUTING -p tcp --dport 81 -j DNAT --to-destination 172.17.0.2:80
printf 'nameserver 127.0.0.53\nsearch a.example b.example\noptions ndots:5\n' >$ROOT/etc/resolv.conf
printf '127.0.0.1 localhost loop\n' >$ROOT/etc/hosts
)";

class NetSections : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    inhabitant_ = std::make_unique<Inhabitant>(kSetup, [] {
      ListenOn("127.0.0.1", 5432, SOCK_STREAM);
      ListenOn("0.0.0.0", 8080, SOCK_STREAM);
      ListenOn("::1", 8081, SOCK_STREAM);
      ListenOn("127.0.0.1", 5353, SOCK_DGRAM);
      ListenOnUnix("/tmp/x.sock", SOCK_STREAM);
      ListenOnUnix("@abstract", SOCK_SEQPACKET);
    });
    SnapshotRequest request = RequestFor(*inhabitant_, {Section::kNet, Section::kHostNet});
    request.destination = "10.1.2.3";
    const absl::StatusOr<Json> record = SharedSnapshotter().Take(request);
    ASSERT_TRUE(record.ok()) << record.status();
    record_ = *record;
    net_ = record_["net"];
  }
  static void TearDownTestSuite() { inhabitant_.reset(); }

  static inline std::unique_ptr<Inhabitant> inhabitant_;
  static inline Json record_, net_;
};

TEST_F(NetSections, NothingWentWrong) {
  EXPECT_EQ(record_["errors"], Json::array()) << record_["errors"];
  EXPECT_EQ(net_["inode"], inhabitant_->net_inode());
  EXPECT_EQ(record_["target"]["alive"], true);
  EXPECT_EQ(record_["target"]["namespaces"]["net"], inhabitant_->net_inode());
}

TEST_F(NetSections, Links) {
  const Json lo = Find(net_["links"], "name", "lo"), eth0 = Find(net_["links"], "name", "eth0"),
             eth1 = Find(net_["links"], "name", "eth1");
  EXPECT_EQ(lo["kind"], "lo");
  EXPECT_EQ(lo["up"], true);
  EXPECT_EQ(lo["peer_index"], nullptr);
  EXPECT_EQ(eth0["kind"], "veth");
  EXPECT_EQ(eth0["carrier"], true);
  EXPECT_EQ(eth0["mtu"], 1400);
  EXPECT_EQ(eth0["master"], nullptr);
  EXPECT_EQ(eth0["peer_index"], eth1["index"]);
  EXPECT_EQ(eth0["peer_netns"], inhabitant_->net_inode());
  EXPECT_EQ(eth0["mac"].get<std::string>().size(), 17U);
  EXPECT_EQ(eth0["rx_dropped"], 0);
  EXPECT_EQ(eth1["master"], "br0");
}

TEST_F(NetSections, Addresses) {
  const Json address = Find(net_["addresses"], "address", "10.77.0.2");
  EXPECT_EQ(address, Json::parse(R"({"link": "eth0", "family": "inet", "address": "10.77.0.2",
                                     "prefix": 24, "scope": "global"})"));
  EXPECT_EQ(Find(net_["addresses"], "address", "127.0.0.1")["scope"], "host");
  EXPECT_EQ(Find(net_["addresses"], "address", "fd77::2")["prefix"], 64);
}

TEST_F(NetSections, RoutesAndRules) {
  EXPECT_EQ(Find(net_["routes"], "destination", "default"),
            Json::parse(R"({"family": "inet", "destination": "default", "gateway": "10.77.0.1",
              "link": "eth0", "table": 254, "type": "unicast", "metric": 0, "source": null})"));
  EXPECT_EQ(Find(net_["routes"], "destination", "10.77.0.0/24")["source"], "10.77.0.2");
  EXPECT_EQ(Find(net_["routes"], "destination", "10.78.0.0/16")["type"], "unreachable");
  EXPECT_EQ(Find(net_["routes"], "destination", "10.79.0.0/16")["table"], 100);
  EXPECT_EQ(Find(net_["routes"], "destination", "10.79.0.0/16")["metric"], 7);
  EXPECT_EQ(net_["rules"], Json::parse(R"([{"family": "inet", "priority": 500,
                                            "from": "10.77.0.2/32", "to": "all", "table": 100}])"));
  EXPECT_EQ(net_["route_to"],
            Json::parse(R"({"destination": "10.1.2.3", "reachable": true, "errno_name": null,
              "gateway": "10.77.0.1", "link": "eth0", "source": "10.77.0.2", "type": "unicast"})"));
}

TEST_F(NetSections, RouteToWhatCannotBeReached) {
  SnapshotRequest request = RequestFor(*inhabitant_, {Section::kNet});
  request.destination = "10.78.1.1";
  Json route = (*SharedSnapshotter().Take(request))["net"]["route_to"];
  EXPECT_EQ(route["reachable"], false);
  EXPECT_EQ(route["errno_name"], "EHOSTUNREACH");
  request.destination = "2001:db8::1";
  route = (*SharedSnapshotter().Take(request))["net"]["route_to"];
  EXPECT_EQ(route["reachable"], false);
  EXPECT_EQ(route["errno_name"], "ENETUNREACH");
}

TEST_F(NetSections, Neighbours) {
  EXPECT_EQ(Find(net_["neighbours"], "address", "10.77.0.1"),
            Json::parse(R"({"family": "inet", "address": "10.77.0.1", "link": "eth0",
                            "state": "permanent", "mac": "02:00:00:00:00:01"})"));
}

TEST_F(NetSections, Listeners) {
  const auto at = [&](int port) { return Find(net_["listeners"], "port", port); };
  EXPECT_EQ(at(5432)["address"], "127.0.0.1");
  EXPECT_EQ(at(5432)["protocol"], "tcp");
  EXPECT_EQ(at(5432)["uid"], 0);
  EXPECT_EQ(at(5432)["process"]["pid"], inhabitant_->pid());
  EXPECT_EQ(at(5432)["process"]["comm"], "snapshot_root_t");
  EXPECT_EQ(at(8080)["address"], "0.0.0.0");
  EXPECT_EQ(at(8081)["family"], "inet6");
  EXPECT_EQ(at(8081)["v6only"], true);
  EXPECT_EQ(at(5353)["protocol"], "udp");
  const Json file = Find(net_["listeners"], "path", "/tmp/x.sock");
  EXPECT_EQ(file["protocol"], "unix_stream");
  EXPECT_EQ(file["process"]["pid"], inhabitant_->pid());
  EXPECT_EQ(Find(net_["listeners"], "path", "@abstract")["protocol"], "unix_seqpacket");
  EXPECT_EQ(net_["tcp_states"], Json::parse(R"({"listen": 3})"));
}

TEST_F(NetSections, PacketFilter) {
  const Json& filter = net_["netfilter"];
  ASSERT_EQ(filter["available"], true);
  const Json chain = Find(filter["chains"], "name", "o");
  EXPECT_EQ(chain["hook"], "output");
  EXPECT_EQ(chain["type"], "filter");
  EXPECT_EQ(chain["policy"], "accept");
  const Json drop = Find(filter["rules"], "verdict", "drop");
  EXPECT_EQ(drop["family"], "inet");
  EXPECT_EQ(drop["table"], "t");
  EXPECT_EQ(drop["chain"], "o");
  EXPECT_EQ(drop["hook"], "output");
  EXPECT_EQ(drop["priority"], 0);
  EXPECT_EQ(drop["position"], 2);
  EXPECT_EQ(drop["packets"], 3);
  EXPECT_EQ(drop["bytes"], 180);
  EXPECT_EQ(drop["text"], "tcp dport { 80, 443 } counter packets 3 bytes 180 drop");
  EXPECT_EQ(Find(filter["rules"], "verdict", "jump x")["text"], "ip daddr 10.1.0.0/16 jump x");
  EXPECT_EQ(Find(filter["rules"], "verdict", "reject")["position"], 4);
  const Json dnat = Find(filter["rules"], "verdict", "dnat");
  EXPECT_EQ(dnat["hook"], "prerouting");
  EXPECT_EQ(dnat["text"], "tcp dport 81 counter packets 0 bytes 0 xt target DNAT to 172.17.0.2:80");
}

TEST_F(NetSections, SettingsAndCounts) {
  EXPECT_EQ(net_["sysctls"]["ip_local_port_range"], Json::array({32768, 60999}));
  EXPECT_EQ(net_["sysctls"]["ip_forward"], 0);
  EXPECT_EQ(net_["sysctls"]["ip_unprivileged_port_start"], 1024);
  EXPECT_EQ(net_["sockets"]["tcp_in_use"], 3);
  EXPECT_EQ(net_["sockets"]["udp_in_use"], 1);
}

TEST_F(NetSections, SettingsAreThoseOfTheTarget) {
  inhabitant_->RunInside("echo 1 >/proc/sys/net/ipv4/ip_forward");
  const auto record = SharedSnapshotter().Take(RequestFor(*inhabitant_, {Section::kNet}));
  EXPECT_EQ((*record)["net"]["sysctls"]["ip_forward"], 1);
}

TEST_F(NetSections, ResolverFiles) {
  EXPECT_EQ(net_["resolv_conf"],
            Json::parse(R"({"path": "/etc/resolv.conf", "nameservers": ["127.0.0.53"],
                            "search": ["a.example", "b.example"], "options": ["ndots:5"]})"));
  EXPECT_EQ(net_["hosts"],
            Json::parse(R"([{"address": "127.0.0.1", "names": ["localhost", "loop"]}])"));
}

TEST_F(NetSections, TheHostHasItsOwn) {
  EXPECT_NE(record_["host_net"]["inode"], net_["inode"]);
  EXPECT_EQ(Find(record_["host_net"]["listeners"], "port", 5432)["process"], nullptr);
  EXPECT_TRUE(record_["host_net"]["netfilter"].contains("available"));
}

TEST_F(NetSections, PeersAndTheEndOfAVeth) {
  const Inhabitant peer("true", [] { ListenOn("0.0.0.0", 9000, SOCK_STREAM); });
  inhabitant_->RunInside("ip link add far0 type veth peer name far1 netns " +
                         std::to_string(peer.pid()));
  peer.RunInside("ip addr add 10.80.0.1/24 dev far1");
  SnapshotRequest request = RequestFor(*inhabitant_, {Section::kNet, Section::kPeerNets});
  request.peers.push_back({"db", "id-of-db", peer.key(), peer.net_inode()});
  request.peers.push_back({"other", "id", peer.key(), peer.net_inode() + 1});  // is another by now
  const absl::StatusOr<Json> record = SharedSnapshotter().Take(request);
  ASSERT_TRUE(record.ok()) << record.status();
  ASSERT_TRUE(record->contains("net")) << record->dump();
  EXPECT_EQ(Find((*record)["net"]["links"], "name", "far0")["peer_netns"], peer.net_inode());
  const Json& peers = (*record)["peer_nets"];
  ASSERT_EQ(peers.size(), 1U);
  EXPECT_EQ(peers[0]["owner"], "db");
  EXPECT_EQ(peers[0]["inode"], peer.net_inode());
  EXPECT_EQ(Find(peers[0]["addresses"], "address", "10.80.0.1")["link"], "far1");
  EXPECT_EQ(Find(peers[0]["listeners"], "port", 9000)["address"], "0.0.0.0");
  EXPECT_NE(Find((*record)["errors"], "section", "peer_nets"), nullptr);
}

TEST_F(NetSections, PacketFilterOfThePeerThatWasAskedFor) {
  constexpr char kGuard[] = R"(ip link add d0 type bridge; ip link set d0 up
nft 'table inet guard { chain in { type filter hook input priority 0;
  tcp dport 5432 counter drop
 }
}'
ip addr add dev d0 )";
  const Inhabitant db(kGuard + std::string("10.81.0.7/24"));
  const Inhabitant other(kGuard + std::string("10.81.0.8/24"));
  SnapshotRequest request = RequestFor(*inhabitant_, {Section::kNet, Section::kPeerNets});
  request.peers = {{"other", "id1", other.key(), other.net_inode()},
                   {"db", "id2", db.key(), db.net_inode()}};
  for (const char* destination : {"10.81.0.7", "::ffff:10.81.0.7"}) {
    request.destination = destination;
    const Json record = SharedSnapshotter().Take(request).value();
    ASSERT_EQ(record["peer_nets"].size(), 2U) << record["errors"];
    EXPECT_FALSE(record["peer_nets"][0].contains("netfilter"));
    const Json& peer = record["peer_nets"][1];
    EXPECT_EQ(peer["owner"], "db");
    ASSERT_EQ(peer["netfilter"]["available"], true) << record["errors"];
    const Json drop = Find(peer["netfilter"]["rules"], "verdict", "drop");
    EXPECT_EQ(drop["table"], "guard");
    EXPECT_EQ(drop["hook"], "input");
    EXPECT_EQ(drop["position"], 1);
    EXPECT_EQ(record["net"]["inode"], inhabitant_->net_inode());
    EXPECT_EQ(Find(record["net"]["netfilter"]["chains"], "name", "in"), nullptr);
  }
  for (const char* destination : {"", "127.0.0.1", "::1", "10.81.0.9", "x"}) {
    request.destination = destination;
    for (const Json& peer : SharedSnapshotter().Take(request).value()["peer_nets"])
      EXPECT_FALSE(peer.contains("netfilter")) << destination;
  }
}

// As an engine's may be, whose commands come and go.
TEST_F(NetSections, APeerWithoutAProcessIsFoundByItsName) {
  const std::string name = "nsobs-named-" + std::to_string(getpid());
  const std::string make = "ip netns add " + name + " && ip -n " + name +
                           " link add d0 type bridge && ip -n " + name +
                           " addr add 10.83.0.1/24 dev d0";
  ASSERT_EQ(system(make.c_str()), 0);
  struct stat info{};
  ASSERT_EQ(stat(("/run/netns/" + name).c_str(), &info), 0);
  const auto inode = static_cast<uint32_t>(info.st_ino);
  SnapshotRequest request = RequestFor(*inhabitant_, {Section::kPeerNets});
  const ProcessKey gone{(1U << 22) + 1, 1};  // above the kernel's PID_MAX_LIMIT
  request.peers = {{"engine", "id", gone, inode}, {"other", "id", gone, 7}};
  request.destination = "10.83.0.1";
  const absl::StatusOr<Json> record = SharedSnapshotter().Take(request);
  EXPECT_EQ(system(("ip netns delete " + name).c_str()), 0);
  ASSERT_TRUE(record.ok()) << record.status();
  const Json& peers = (*record)["peer_nets"];
  ASSERT_EQ(peers.size(), 1U) << record->dump();
  EXPECT_EQ(peers[0]["owner"], "engine");
  EXPECT_EQ(peers[0]["inode"], inode);
  EXPECT_TRUE(peers[0].contains("netfilter"));
}

TEST_F(NetSections, WhatIsCutFromAPeerIsNamedWithItsRow) {
  const Inhabitant peer(
      "ip link add d0 type bridge; ip link set d0 up; ip addr add 10.82.0.1/16 dev d0;"
      "{ echo 'table inet guard { chain in { type filter hook input priority 0;';"
      "for i in $(seq 1 1500); do echo tcp dport $i accept; done; echo '}'; echo '}'; } | nft -f "
      "-");
  SnapshotRequest request = RequestFor(*inhabitant_, {Section::kPeerNets});
  request.peers = {{"db", "id", peer.key(), peer.net_inode()}};
  request.destination = "10.82.0.1";
  const Json record = SharedSnapshotter().Take(request).value();
  EXPECT_EQ(record["peer_nets"][0]["netfilter"]["rules"].size(), 1000U) << record["errors"];
  EXPECT_THAT(record["truncated"], ::testing::Contains("/peer_nets/0/netfilter/rules"));
}

TEST_F(NetSections, TenThousandRoutesAreCutAndTheDefaultStays) {
  const Inhabitant many(
      "ip link add d0 type bridge; ip addr add 10.0.0.1/30 dev d0; ip link set d0 up;"
      "for i in $(seq 0 9999); do echo route add 172.$((i/200+1)).$((i%200)).0/24 via 10.0.0.2;"
      "done | ip -batch -; ip route add default via 10.0.0.2");
  const auto record = SharedSnapshotter().Take(RequestFor(many, {Section::kNet}));
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_LE((*record)["net"]["routes"].size(), 512U);
  EXPECT_NE(Find((*record)["net"]["routes"], "destination", "default"), nullptr);
  EXPECT_THAT((*record)["truncated"], ::testing::Contains("/net/routes"));
}

TEST_F(NetSections, IsQuick) {
  const SnapshotRequest request = RequestFor(*inhabitant_, {Section::kNet});
  std::vector<double> took_ms;
  for (int i = 0; i < 21; ++i)
    took_ms.push_back((*SharedSnapshotter().Take(request))["took_ns"].get<double>() / 1e6);
  std::sort(took_ms.begin(), took_ms.end());
  std::cout << "a snapshot of a net namespace: best " << took_ms[0] << " ms, median " << took_ms[10]
            << " ms\n";
  EXPECT_LT(took_ms[0], 20);
}

}  // namespace
}  // namespace nsobs
