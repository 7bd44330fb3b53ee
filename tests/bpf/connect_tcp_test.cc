// TCP connects that fail, by every cause and in every way of calling: told once, with every field,
// and counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/net_lab.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Phase = ConnectFailure::Phase;

enum class Where { kHost, kOwn, kLab };

struct TcpCase {
  const char* name;
  Where where;
  const char* address;
  uint16_t port;
  int error;
  Phase phase;
  const char* source;  // the local address; "" where none was chosen
  uint64_t at_least_ms = 0;
  uint32_t user_timeout_ms = 0;
};

const TcpCase kCases[] = {
    {"RefusedHost4", Where::kHost, "127.0.0.1", 1, ECONNREFUSED, Phase::kLater, "127.0.0.1"},
    {"RefusedHost6", Where::kHost, "::1", 1, ECONNREFUSED, Phase::kLater, "::1"},
    {"RefusedMapped", Where::kHost, "::ffff:127.0.0.1", 1, ECONNREFUSED, Phase::kLater,
     "::ffff:127.0.0.1"},
    {"RefusedOwn4", Where::kOwn, "127.0.0.1", 1, ECONNREFUSED, Phase::kLater, "127.0.0.1"},
    {"RefusedOwn6", Where::kOwn, "::1", 1, ECONNREFUSED, Phase::kLater, "::1"},
    {"NoRouteOwn4", Where::kOwn, "10.1.1.1", 80, ENETUNREACH, Phase::kImmediate, ""},
    {"NoRouteOwn6", Where::kOwn, "fd01::1", 80, ENETUNREACH, Phase::kImmediate, ""},
    {"RefusedPeer4", Where::kLab, "10.99.0.2", kPortClosed, ECONNREFUSED, Phase::kLater,
     "10.99.0.1"},
    {"RefusedPeer6", Where::kLab, "fd99::2", kPortClosed, ECONNREFUSED, Phase::kLater, "fd99::1"},
    {"Reset4", Where::kLab, "10.99.0.2", kPortReset, ECONNREFUSED, Phase::kLater, "10.99.0.1"},
    {"Reset6", Where::kLab, "fd99::2", kPortReset, ECONNREFUSED, Phase::kLater, "fd99::1"},
    {"PortUnreachable4", Where::kLab, "10.99.0.2", kPortPortUnreachable, ECONNREFUSED,
     Phase::kLater, "10.99.0.1"},
    {"PortUnreachable6", Where::kLab, "fd99::2", kPortPortUnreachable, ECONNREFUSED, Phase::kLater,
     "fd99::1"},
    {"HostUnreachable4", Where::kLab, "10.99.0.2", kPortHostUnreachable, EHOSTUNREACH,
     Phase::kLater, "10.99.0.1"},
    {"HostUnreachable6", Where::kLab, "fd99::2", kPortHostUnreachable, EHOSTUNREACH, Phase::kLater,
     "fd99::1"},
    {"Prohibited4", Where::kLab, "10.99.0.2", kPortProhibited, EHOSTUNREACH, Phase::kLater,
     "10.99.0.1"},
    {"Prohibited6", Where::kLab, "fd99::2", kPortProhibited, EACCES, Phase::kLater, "fd99::1"},
    {"NetUnreachable4", Where::kLab, "10.99.0.2", kPortNetUnreachable, ENETUNREACH, Phase::kLater,
     "10.99.0.1"},
    {"NetUnreachable6", Where::kLab, "fd99::2", kPortNetUnreachable, ENETUNREACH, Phase::kLater,
     "fd99::1"},
    // The state is changed by the retransmit timer, in whatever process that interrupts.
    {"Silent4", Where::kLab, "10.99.0.2", kPortDropped, ETIMEDOUT, Phase::kLater, "10.99.0.1",
     2900},
    {"Silent6", Where::kLab, "fd99::2", kPortDropped, ETIMEDOUT, Phase::kLater, "fd99::1", 900,
     500},
    {"UserTimeout4", Where::kLab, "10.99.0.2", kPortDropped, ETIMEDOUT, Phase::kLater, "10.99.0.1",
     450, 500},
    {"DroppedLocally4", Where::kLab, "10.99.0.2", kPortDroppedLocally, ETIMEDOUT, Phase::kLater,
     "10.99.0.1", 450, 500},
    {"NoNeighbour4", Where::kLab, "10.99.0.77", 80, EHOSTUNREACH, Phase::kLater, "10.99.0.1", 200},
    {"NoNeighbour6", Where::kLab, "fd99::77", 80, EHOSTUNREACH, Phase::kLater, "fd99::1", 200},
    {"NoRoute4", Where::kLab, "10.50.0.1", 80, ENETUNREACH, Phase::kImmediate, ""},
    {"NoRoute6", Where::kLab, "fd50::1", 80, ENETUNREACH, Phase::kImmediate, ""},
    {"RouteUnreachable4", Where::kLab, "10.98.1.5", 80, EHOSTUNREACH, Phase::kImmediate, ""},
    {"RouteUnreachable6", Where::kLab, "fd98:1::5", 80, EHOSTUNREACH, Phase::kImmediate, ""},
    {"RouteProhibit4", Where::kLab, "10.98.2.5", 80, EACCES, Phase::kImmediate, ""},
    {"RouteProhibit6", Where::kLab, "fd98:2::5", 80, EACCES, Phase::kImmediate, ""},
    {"RouteBlackhole4", Where::kLab, "10.98.3.5", 80, EINVAL, Phase::kImmediate, ""},
    {"RouteBlackhole6", Where::kLab, "fd98:3::5", 80, EINVAL, Phase::kImmediate, ""},
};

constexpr ConnectMode kModes[] = {ConnectMode::kBlocking, ConnectMode::kPoll,
                                  ConnectMode::kEpoll,    ConnectMode::kReconnect,
                                  ConnectMode::kClose,    ConnectMode::kThread};

// One way of calling: a child in a cgroup of its own.
struct Attempt {
  ConnectMode mode;
  std::unique_ptr<Cgroup> cgroup;
  std::unique_ptr<Child> child;
  ConnectReport report;
};

class TcpFailureTest : public ::testing::TestWithParam<TcpCase> {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<NetLab>(); }
  static void TearDownTestSuite() { lab_.reset(); }

  static Attempt Begin(const TcpCase& c, ConnectMode mode) {
    Attempt out{mode, std::make_unique<Cgroup>(Hierarchy::kUnified), nullptr, {}};
    ChildOptions options;
    options.place = c.where == Where::kOwn ? Place::kOwn : Place::kHost;
    if (c.where == Where::kLab) options.netns_fd = lab_->near_fd();
    options.cgroup = out.cgroup.get();
    ConnectPlan plan = MakePlan(c.address, c.port, mode);
    plan.user_timeout_ms = c.user_timeout_ms;
    out.child = std::make_unique<Child>(
        options, [plan](Line& line) { return line.Send(Connect(plan)) ? 0 : 1; });
    return out;
  }

  static std::unique_ptr<NetLab> lab_;
};
std::unique_ptr<NetLab> TcpFailureTest::lab_;

void ExpectFailure(const Event& event, const TcpCase& c, const Attempt& attempt) {
  const auto& failure = std::get<ConnectFailure>(event.detail);
  const ConnectReport& report = attempt.report;
  const bool later = c.phase == Phase::kLater;
  // An error that is told before the socket gave up is recorded as the socket is closed.
  ExpectHeader(event, EventKind::kConnectFailure, report.from_boot_ns, BootNowNs());
  Facts caller = attempt.child->facts();
  caller.tid = report.tid;
  ExpectProcess(event.process, caller, attempt.cgroup.get());
  EXPECT_EQ(Name(failure.protocol), "tcp");
  EXPECT_EQ(Name(failure.phase), Name(c.phase));
  EXPECT_EQ(Name(failure.destination_source), later ? "socket" : "caller");
  EXPECT_EQ(failure.family, strchr(c.address, ':') != nullptr ? AF_INET6 : AF_INET);
  EXPECT_EQ(failure.destination, c.address);
  EXPECT_EQ(failure.port, c.port);
  EXPECT_EQ(failure.source, c.source);
  EXPECT_EQ(failure.source_port, later ? report.local_port : 0);
  EXPECT_EQ(failure.path, "");
  EXPECT_EQ(failure.error, c.error);
  EXPECT_GT(failure.duration_ns, 0u);
  EXPECT_GE(failure.duration_ns, c.at_least_ms * 1'000'000);
  // What a timer ends may be hidden by what it interrupts: then the socket's end tells it
  // (unseen/connect_unseen_test.cc).
  const int64_t until_ns = c.at_least_ms > 0 ? BootNowNs() : report.to_boot_ns;
  EXPECT_LE(failure.duration_ns, static_cast<uint64_t>(until_ns - report.from_boot_ns));
}

TEST_P(TcpFailureTest, IsToldOnceInEveryWayOfCalling) {
  const TcpCase& c = GetParam();
  Probes& probes = Probes::Shared();
  std::vector<Attempt> attempts;
  for (ConnectMode mode : kModes) attempts.push_back(Begin(c, mode));
  for (Attempt& attempt : attempts) attempt.child->Go();
  for (Attempt& attempt : attempts) {
    SCOPED_TRACE(ModeName(attempt.mode));
    attempt.report = attempt.child->Receive<ConnectReport>();
    EXPECT_EQ(attempt.child->Wait(), 0);
    // What is closed unasked does not say; and an ICMP error that poll() tells while the socket is
    // still connecting gives EALREADY to a second connect().
    if (attempt.report.error != -1 && attempt.report.error != EALREADY) {
      EXPECT_EQ(attempt.report.error, c.error);
    }
    const auto events = probes.Of(EventKind::kConnectFailure, attempt.child->facts());
    EXPECT_EQ(events.size(), 1u);
    for (const Event& event : events) ExpectFailure(event, c, attempt);
    const Facts& facts = attempt.child->facts();
    EXPECT_THAT(CountsOf(probes, CounterFamily::kConnectFailure, *attempt.cgroup, facts),
                ElementsAre(Pair(std::pair(1, c.error), 1)));
    EXPECT_EQ(TcpOf(probes, *attempt.cgroup, facts), (TcpCounts{.attempts = 1, .failed = 1}));
  }
}

INSTANTIATE_TEST_SUITE_P(All, TcpFailureTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nsobs
