// TCP connects whose end none of the programs saw that ought to: what an interrupt does may be
// hidden from them (the kernel leaves out one that is running already). Here they are taken off
// their hooks.
#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
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
  UnseenTest() : probes_({}, TestSettings()) { probes_.StartDraining(); }

  // Begins to connect where nothing answers, and gives up after half a second (told after one).
  Child Silent(ConnectMode mode) {
    ConnectPlan plan = MakePlan(kPeer, kPortDropped, mode);
    plan.user_timeout_ms = 500;
    return Child({.netns_fd = lab_.near_fd(), .cgroup = &cgroup_},
                 [plan](Line& line) { return line.Send(Connect(plan)) ? 0 : 1; });
  }

  NetLab lab_;
  Cgroup cgroup_{Hierarchy::kUnified};
  Probes probes_;
};

TEST_P(UnseenTest, IsToldAtTheSocketsEnd) {
  Child child = Silent(GetParam().mode);
  child.Go();
  ASSERT_TRUE(WaitUntil([&] { return TcpOf(probes_, cgroup_, child.facts()).InFlight() == 1; }));
  ASSERT_TRUE(Detach("nsobs_tcp_state") && Detach("nsobs_tcp_error"));
  const auto report = child.Receive<ConnectReport>();
  EXPECT_EQ(child.Wait(), 0);

  const auto events = probes_.Of(EventKind::kConnectFailure, child.facts());
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
  EXPECT_THAT(CountsOf(probes_, CounterFamily::kConnectFailure, cgroup_, child.facts()),
              ElementsAre(Pair(std::pair(1, ETIMEDOUT), 1)));
  EXPECT_EQ(TcpOf(probes_, cgroup_, child.facts()), (TcpCounts{.attempts = 1, .failed = 1}));
}

INSTANTIATE_TEST_SUITE_P(All, UnseenTest,
                         ::testing::Values(UnseenCase{"Blocking", ConnectMode::kBlocking, true},
                                           UnseenCase{"Thread", ConnectMode::kThread, true},
                                           UnseenCase{"Reconnect", ConnectMode::kReconnect, true},
                                           UnseenCase{"Poll", ConnectMode::kPoll, false},
                                           UnseenCase{"Close", ConnectMode::kClose, false}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nsobs
