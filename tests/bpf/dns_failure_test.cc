// DNS: queries that get no answer, SERVFAIL or REFUSED, each once, by whoever asks and however; and
// silence about all others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <set>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/dns_lab.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/net_lab.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Outcome = DnsFailure::Outcome;

constexpr int64_t kTimeoutNs = 2'000'000'000;  // TestSettings()
constexpr int kLongMs = 3500;                  // longer, and a sweep's time
constexpr int kTcp = 1, kUdp = 2;              // as counted

class DnsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    lab_ = std::make_unique<NetLab>();
    server_ = std::make_unique<NameServer>(lab_->peer_fd(),
                                           std::vector<std::string>{"10.99.0.2", "fd99::2"});
  }
  static void TearDownTestSuite() {
    server_.reset();
    lab_.reset();
  }

  // A child of the lab's near side, in a cgroup of its own, that asks all of them one by one.
  Facts Asks(const std::vector<DnsAsk>& asks, int expected_answers) {
    ChildOptions options;
    options.netns_fd = lab_->near_fd();
    options.cgroup = &cgroup_;
    Child child(options, [&](Line& line) {
      int answers = 0;
      for (const DnsAsk& ask : asks) answers += Ask(ask);
      return line.Send(answers) ? 0 : 1;
    });
    from_ns_ = BootNowNs();
    child.Go();
    EXPECT_EQ(child.Receive<int>(), expected_answers);
    EXPECT_EQ(child.Wait(), 0);
    return child.facts();
  }

  std::vector<Event> Failures(const Facts& facts) {
    return probes_.Of(EventKind::kDnsFailure, facts);
  }
  Counts FailureCounts(const Facts& facts) {
    return CountsOf(probes_, CounterFamily::kDnsFailure, cgroup_, facts);
  }
  Counts AnswerCounts(const Facts& facts) {
    return CountsOf(probes_, CounterFamily::kDnsAnswer, cgroup_, facts);
  }
  void ExpectNoLoss() {
    for (const char* cause : {"ring_full", "budget", "state_full"}) {
      EXPECT_EQ(LossesOf(probes_, cgroup_, EventKind::kDnsFailure, cause), 0u) << cause;
    }
  }

  // What is asked of that port of 10.99.0.200 goes there, as docker does with 127.0.0.11.
  static void TranslateTo(const std::string& server, int port = 53) {
    RunIn(lab_->near_fd(),
          "nft add table ip nsobs_dns && "
          "nft 'add chain ip nsobs_dns out { type nat hook output priority -100; }' && "
          "nft add rule ip nsobs_dns out ip daddr 10.99.0.200 udp dport " +
              std::to_string(port) + " dnat to " + server);
  }

  static std::unique_ptr<NetLab> lab_;
  static std::unique_ptr<NameServer> server_;
  Probes& probes_ = Probes::Shared();
  Cgroup cgroup_{Hierarchy::kUnified};
  int64_t from_ns_ = 0;
};
std::unique_ptr<NetLab> DnsTest::lab_;
std::unique_ptr<NameServer> DnsTest::server_;

struct FailureCase {
  const char* what;
  Outcome outcome;
  int rcode;
};
const FailureCase kFailures[] = {{"silent", Outcome::kNoAnswer, -1},
                                 {"servfail", Outcome::kServfail, 2},
                                 {"refused", Outcome::kRefused, 5}};
const DnsClient kClients[] = {DnsClient::kConnected, DnsClient::kPair, DnsClient::kUnconnected,
                              DnsClient::kMessage, DnsClient::kTcp};

class DnsFailureTest
    : public DnsTest,
      public ::testing::WithParamInterface<std::tuple<FailureCase, DnsClient, const char*>> {};

TEST_P(DnsFailureTest, IsToldOnceWithEveryField) {
  const auto& [c, client, server] = GetParam();
  const bool tcp = client == DnsClient::kTcp, silent = c.outcome == Outcome::kNoAnswer;
  const int queries = client == DnsClient::kPair ? 2 : 1;
  const std::string name = std::string(c.what) + ".example.com";
  const Facts facts = Asks({MakeAsk(client, server, name.c_str(), silent ? kLongMs : 10'000)},
                           silent ? 0 : queries);
  const auto events = tcp ? probes_.Take([&](const Event& e) {
    const auto* failure = std::get_if<DnsFailure>(&e.detail);
    return failure != nullptr && e.boot_ns >= from_ns_ && failure->name == name;
  })
                          : Failures(facts);
  ASSERT_EQ(events.size(), static_cast<size_t>(queries));
  std::set<int> types;  // a sweep tells in no order
  for (const Event& event : events) {
    ExpectHeader(event, EventKind::kDnsFailure, from_ns_, BootNowNs());
    if (tcp) {
      EXPECT_EQ(event.process.pid, 0u);
      EXPECT_EQ(event.process.cgroup, cgroup_.key());
      EXPECT_EQ(event.process.namespaces[NamespaceKind::kNet].inode, facts.ns_inode[3]);
    } else {
      ExpectProcess(event.process, facts, &cgroup_);
    }
    const auto& failure = std::get<DnsFailure>(event.detail);
    EXPECT_EQ(failure.protocol, tcp ? Protocol::kTcp : Protocol::kUdp);
    EXPECT_EQ(failure.outcome, c.outcome);
    EXPECT_EQ(failure.family, strchr(server, ':') != nullptr ? AF_INET6 : AF_INET);
    EXPECT_EQ(failure.server, server);
    EXPECT_EQ(failure.port, 53);
    EXPECT_EQ(failure.name, name);
    EXPECT_TRUE(failure.name_whole);
    types.insert(failure.type);
    EXPECT_FALSE(failure.given_up);
    EXPECT_EQ(failure.net.inode, facts.ns_inode[3]);
    EXPECT_EQ(failure.duration_ns >= kTimeoutNs, silent);
    EXPECT_GT(failure.duration_ns, 0u);
  }
  EXPECT_EQ(types, queries == 2 ? std::set<int>({1, 28}) : std::set<int>({1}));
  const auto told = static_cast<uint64_t>(queries);
  const int protocol = tcp ? kTcp : kUdp;
  EXPECT_THAT(FailureCounts(facts),
              ElementsAre(Pair(std::pair(protocol, static_cast<int>(c.outcome)), told)));
  if (silent) {
    EXPECT_THAT(AnswerCounts(facts), IsEmpty());
  } else {
    EXPECT_THAT(AnswerCounts(facts), ElementsAre(Pair(std::pair(protocol, c.rcode), told)));
  }
  ExpectNoLoss();
}

std::string CaseName(const ::testing::TestParamInfo<DnsFailureTest::ParamType>& info) {
  const auto& [c, client, server] = info.param;
  return std::string(c.what) + ClientName(client) + (strchr(server, ':') != nullptr ? "6" : "4");
}

INSTANTIATE_TEST_SUITE_P(All, DnsFailureTest,
                         ::testing::Combine(::testing::ValuesIn(kFailures),
                                            ::testing::ValuesIn(kClients),
                                            ::testing::Values("10.99.0.2", "fd99::2")),
                         CaseName);

TEST_F(DnsTest, WhatIsAnsweredIsCountedAndNotTold) {
  std::vector<DnsAsk> asks;
  int answers = 0;
  for (const DnsClient client : kClients) {
    for (const char* name :
         {"ok.example.com", "nx.example.com", "late.example.com", "twice.test"}) {
      asks.push_back(MakeAsk(client, "10.99.0.2", name, 10'000));
      answers += client == DnsClient::kPair ? 2 : 1;
    }
  }
  const Facts facts = Asks(asks, answers);
  EXPECT_TRUE(Failures(facts).empty());
  EXPECT_THAT(FailureCounts(facts), IsEmpty());
  EXPECT_THAT(AnswerCounts(facts),
              ElementsAre(Pair(std::pair(kTcp, 0), 3), Pair(std::pair(kTcp, 3), 1),
                          Pair(std::pair(kUdp, 0), 15), Pair(std::pair(kUdp, 3), 5)));
}

// The C library connects to look which addresses have a route; and what is connected may be busy
// elsewhere for long.
TEST_F(DnsTest, WhoNeverAsksIsNotTold) {
  DnsAsk ask = MakeAsk(DnsClient::kConnected, "10.99.0.2", "silent.test", 0);
  ask.only_connect = true;
  ask.linger_ms = kLongMs;
  const Facts facts = Asks({ask}, 0);
  EXPECT_TRUE(Failures(facts).empty());
  EXPECT_THAT(FailureCounts(facts), IsEmpty());
}

// musl asks every server at once, takes the first answer and closes.
TEST_F(DnsTest, WhatIsClosedEarlyIsNotTold) {
  const Facts facts = Asks({MakeAsk(DnsClient::kUnconnected, "10.99.0.2", "silent.test", 200)}, 0);
  WaitUntil([] { return false; }, kLongMs);
  EXPECT_TRUE(Failures(facts).empty());
  EXPECT_THAT(FailureCounts(facts), IsEmpty());
}

TEST_F(DnsTest, WhoGivesUpAfterAWhileIsToldSo) {
  const Facts facts = Asks({MakeAsk(DnsClient::kConnected, "10.99.0.2", "silent.test", 1500)}, 0);
  ASSERT_TRUE(probes_.Await(1, [&](const Event& e) {
    return e.kind == EventKind::kDnsFailure && e.process.pid == facts.pid;
  }));
  const auto events = Failures(facts);
  ASSERT_EQ(events.size(), 1u);
  const auto& failure = std::get<DnsFailure>(events[0].detail);
  EXPECT_TRUE(failure.given_up);
  EXPECT_EQ(failure.outcome, Outcome::kNoAnswer);
  EXPECT_GE(failure.duration_ns, 900'000'000u);
  EXPECT_LE(failure.duration_ns, 2'000'000'000u);
  EXPECT_THAT(FailureCounts(facts), ElementsAre(Pair(std::pair(kUdp, 1), 1)));
}

// A program that is busy elsewhere does not make the server a silent one.
TEST_F(DnsTest, AnAnswerThatNobodyReadsIsOne) {
  DnsAsk ask = MakeAsk(DnsClient::kUnconnected, "10.99.0.2", "ok.test", 0);
  ask.linger_ms = kLongMs;
  const Facts facts = Asks({ask}, 0);
  EXPECT_TRUE(Failures(facts).empty());
  EXPECT_THAT(AnswerCounts(facts), ElementsAre(Pair(std::pair(kUdp, 0), 1)));
}

// Nobody has the address: the query doesn't even leave, and musl is never told of that.
TEST_F(DnsTest, ANeighbourThatIsNotThere) {
  const Facts facts = Asks({MakeAsk(DnsClient::kUnconnected, "10.99.0.77", "ok.test", kLongMs)}, 0);
  const auto events = Failures(facts);
  ASSERT_EQ(events.size(), 1u);
  ExpectProcess(events[0].process, facts, &cgroup_);
  EXPECT_EQ(std::get<DnsFailure>(events[0].detail).server, "10.99.0.77");
}

TEST_F(DnsTest, AskedAgainItIsOneQueryAndNoneIsLost) {
  DnsAsk ask = MakeAsk(DnsClient::kUnconnected, "10.99.0.2", "silent.test", kLongMs);
  ask.times = 3;
  const Facts facts = Asks({ask}, 0);
  EXPECT_EQ(Failures(facts).size(), 1u);
  ExpectNoLoss();
}

// Docker's resolver: the namespace itself translates 127.0.0.11:53 to another port.
TEST_F(DnsTest, TheServerIsWhomTheProgramAsked) {
  TranslateTo("10.99.0.2:7053");
  for (const DnsClient client : {DnsClient::kConnected, DnsClient::kUnconnected}) {
    Cgroup cgroup(Hierarchy::kUnified);
    const Facts facts = Asks({MakeAsk(client, "10.99.0.200", "ok.test", kLongMs)}, 0);
    const auto events = Failures(facts);
    ASSERT_EQ(events.size(), 1u) << ClientName(client);
    const auto& failure = std::get<DnsFailure>(events[0].detail);
    EXPECT_EQ(failure.server, "10.99.0.200");
    EXPECT_EQ(failure.port, 53);
  }
  RunIn(lab_->near_fd(), "nft delete table ip nsobs_dns");
}

// An answer is one from a translated server too; without that, every query there would be told.
TEST_F(DnsTest, AnAnswerThroughATranslation) {
  TranslateTo("10.99.0.2:53");
  const Facts facts = Asks({MakeAsk(DnsClient::kConnected, "10.99.0.200", "ok.test", 10'000),
                            MakeAsk(DnsClient::kUnconnected, "10.99.0.200", "ok.test", 10'000)},
                           2);
  RunIn(lab_->near_fd(), "nft delete table ip nsobs_dns");
  EXPECT_TRUE(Failures(facts).empty());
  EXPECT_THAT(AnswerCounts(facts), ElementsAre(Pair(std::pair(kUdp, 0), 2)));
}

// The answer will come from the other port: nobody waits for one from port 53.
TEST_F(DnsTest, AnotherPortThatIsTranslatedIsNotTold) {
  TranslateTo("10.99.0.2:53", 5399);
  DnsAsk ask = MakeAsk(DnsClient::kUnconnected, "10.99.0.200", "ok.test", 10'000);
  ask.port = 5399;
  ask.linger_ms = kLongMs;
  const Facts facts = Asks({ask}, 1);
  RunIn(lab_->near_fd(), "nft delete table ip nsobs_dns");
  EXPECT_TRUE(Failures(facts).empty());
  EXPECT_THAT(FailureCounts(facts), IsEmpty());
}

// What goes to port 53 and is no query of a resolver's client: a resolver's own (no RD), garbage,
// an answer.
TEST_F(DnsTest, WhatIsNoQueryIsNotTold) {
  ChildOptions options;
  options.netns_fd = lab_->near_fd();
  options.cgroup = &cgroup_;
  Child child(options, [](Line&) {
    const Address to = MakeAddress("10.99.0.2", 53);
    UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), to.get(), to.size) != 0) return 1;
    std::string iterative = DnsQuery(1, "silent.test"), answer = DnsQuery(2, "silent.test");
    iterative[2] = 0;
    answer[2] = static_cast<char>(0x81);
    for (const std::string& bytes : {iterative, answer, std::string("\x04"),
                                     std::string(148, '\x04'), std::string(1200, 'x')}) {
      if (send(fd.get(), bytes.data(), bytes.size(), 0) < 0) return 2;
    }
    WaitUntil([] { return false; }, kLongMs);
    return 0;
  });
  child.Run();
  EXPECT_TRUE(Failures(child.facts()).empty());
  EXPECT_THAT(FailureCounts(child.facts()), IsEmpty());
}

TEST_F(DnsTest, ALongNameIsCutAndAHostileOneIsWhole) {
  const std::string label(60, 'a');
  const std::string whole = "refused." + label + "." + label,
                    cut = "refused." + label + "." + label + "." + label;
  std::vector<DnsAsk> asks;
  for (const std::string& name : {whole, cut, std::string("refused.\n\x1b[m")}) {
    asks.push_back(MakeAsk(DnsClient::kConnected, "10.99.0.2", name.c_str(), 10'000));
  }
  const Facts facts = Asks(asks, 3);
  const auto events = Failures(facts);
  ASSERT_EQ(events.size(), 3u);
  const auto failure = [&](size_t i) { return std::get<DnsFailure>(events[i].detail); };
  EXPECT_EQ(failure(0).name, whole);
  EXPECT_TRUE(failure(0).name_whole);
  EXPECT_TRUE(cut.starts_with(failure(1).name));
  EXPECT_GT(failure(1).name.size(), 120u);
  EXPECT_FALSE(failure(1).name_whole);
  EXPECT_EQ(failure(1).type, 0);
  EXPECT_EQ(failure(2).name, "refused.\n\x1b[m");
}

}  // namespace
}  // namespace nsobs
