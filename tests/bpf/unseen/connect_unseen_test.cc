// TCP connects whose end none of the programs saw that ought to: what an interrupt does may be
// hidden from them (the kernel leaves out one that is running already). Here they are taken off
// their hooks.
#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/detach.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/net_lab.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr char kPeer[] = "10.99.0.2";

struct UnseenCase {
  const char* name;
  ConnectMode mode;
  bool is_duration_exact;  // else the time until the socket's end
};

class UnseenTest : public ::testing::TestWithParam<UnseenCase> {
 protected:
  // Begins to connect where nothing answers, and gives up after half a second (told after one).
  Child Silent(ConnectMode mode) {
    ConnectPlan plan = MakePlan(kPeer, kPortDropped, mode);
    plan.user_timeout_ms = 500;
    return Child({.netns_fd = lab_.near_fd(), .cgroup = &cgroup_},
                 [plan](Line& line) { return line.Send(Connect(plan)) ? 0 : 1; });
  }

  NetLab lab_;
  Cgroup cgroup_{Hierarchy::kUnified};
};

TEST_P(UnseenTest, IsToldAtTheSocketsEnd) {
  Child child = Silent(GetParam().mode);
  Probes probes({}, TestSettings());  // after the fork: else the child would hold the links, too
  probes.StartDraining();
  child.Go();
  ASSERT_TRUE(WaitUntil([&] { return TcpOf(probes, cgroup_, child.facts()).InFlight() == 1; }));
  ASSERT_TRUE(Detach("nsobs_tcp_state") && Detach("nsobs_tcp_error"));
  const auto report = child.Receive<ConnectReport>();
  EXPECT_EQ(child.Wait(), 0);

  const auto events = probes.Of(EventKind::kConnectFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  Facts caller = child.facts();
  caller.tid = report.tid;
  ExpectProcess(events[0].process, caller, &cgroup_);
  const auto& failure = std::get<ConnectFailure>(events[0].detail);
  EXPECT_EQ(failure.error, ETIMEDOUT);
  EXPECT_EQ(Name(failure.phase), "later");
  EXPECT_EQ(failure.destination, kPeer);
  EXPECT_EQ(failure.port, kPortDropped);
  EXPECT_EQ(failure.source, "10.99.0.1");
  EXPECT_EQ(failure.source_port, report.local_port);
  EXPECT_GE(failure.duration_ns, 450'000'000u);
  if (GetParam().is_duration_exact) {
    EXPECT_LE(failure.duration_ns, static_cast<uint64_t>(report.to_boot_ns - report.from_boot_ns));
  }
  EXPECT_THAT(CountsOf(probes, CounterFamily::kConnectFailure, cgroup_, child.facts()),
              ElementsAre(Pair(std::pair(1, ETIMEDOUT), 1)));
  EXPECT_EQ(TcpOf(probes, cgroup_, child.facts()), (TcpCounts{.attempts = 1, .failed = 1}));
}

// What was established unseen is no failure when it ends, however it does. The listener's backlog
// is full, so that the SYN is answered only when it is sent again, a second later.
class UnseenSuccessTest : public ::testing::TestWithParam<bool> {};

TEST_P(UnseenSuccessTest, IsNoFailure) {
  const bool is_reset = GetParam();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = Place::kOwn, .cgroup = &cgroup}, [is_reset](Line& line) {
    uint16_t port = 0;
    UniqueFd listener = Listen("127.0.0.1", &port, 0);
    const Address to = MakeAddress("127.0.0.1", port);
    UniqueFd first(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(first.get(), to.get(), to.size) != 0) return 1;
    UniqueFd second(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (connect(second.get(), to.get(), to.size) == 0 || errno != EINPROGRESS) return 2;
    line.Send(1);
    line.Pause();
    UniqueFd taken(accept(listener.get(), nullptr, nullptr));
    pollfd ready{second.get(), POLLOUT, 0};
    if (poll(&ready, 1, 10'000) != 1 || SocketError(second.get()) != 0) return 3;
    UniqueFd other(accept(listener.get(), nullptr, nullptr));
    if (is_reset) {  // its end is an error: ECONNRESET
      const linger at_once{1, 0};
      setsockopt(other.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      other.reset();
      pollfd gone{second.get(), POLLIN, 0};
      poll(&gone, 1, 10'000);
    }
    return 0;
  });
  Probes probes({}, TestSettings());  // after the fork, as above
  probes.StartDraining();
  child.Go();
  ASSERT_EQ(child.Receive<int>(), 1);
  ASSERT_EQ(TcpOf(probes, cgroup, child.facts()), (TcpCounts{.attempts = 2, .established = 1}));
  ASSERT_TRUE(Detach("nsobs_tcp_state"));
  child.Go();
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_TRUE(probes.Of(EventKind::kConnectFailure, child.facts()).empty());
  EXPECT_EQ(TcpOf(probes, cgroup, child.facts()), (TcpCounts{.attempts = 2, .established = 2}));
}

INSTANTIATE_TEST_SUITE_P(All, UnseenSuccessTest, ::testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "Reset" : "Closed");
});

INSTANTIATE_TEST_SUITE_P(All, UnseenTest,
                         ::testing::Values(UnseenCase{"Blocking", ConnectMode::kBlocking, true},
                                           UnseenCase{"Thread", ConnectMode::kThread, true},
                                           UnseenCase{"Reconnect", ConnectMode::kReconnect, true},
                                           UnseenCase{"Poll", ConnectMode::kPoll, false},
                                           UnseenCase{"Close", ConnectMode::kClose, false}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nsobs
