// TCP connects that end otherwise: given up, killed, interrupted, without a port, denied.
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

constexpr char kPeer[] = "10.99.0.2";
constexpr uint64_t kToldAfterMs = 250;  // ProbeSettings::abandoned_told_after_ns

void SleepMs(int ms) {
  const timespec pause{ms / 1000, ms % 1000 * 1'000'000};
  nanosleep(&pause, nullptr);
}

UniqueFd StartConnect(const char* address, uint16_t port) {
  const Address to = MakeAddress(address, port);
  UniqueFd fd(socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  (void)!connect(fd.get(), to.get(), to.size);
  return fd;
}

class TcpEndTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<NetLab>(); }
  static void TearDownTestSuite() { lab_.reset(); }

  ChildOptions Near() const { return {.netns_fd = lab_->near_fd(), .cgroup = &cgroup_}; }
  TcpCounts Tcp(const Child& child) { return TcpOf(probes_, cgroup_, child.facts()); }
  std::vector<Event> Failures(const Child& child) {
    return probes_.Of(EventKind::kConnectFailure, child.facts());
  }
  // The one failure of the child, with its process checked.
  ConnectFailure OneFailure(const Child& child) {
    const auto events = Failures(child);
    EXPECT_EQ(events.size(), 1u);
    if (events.size() != 1) return {};
    ExpectProcess(events[0].process, child.facts(), &cgroup_);
    const auto& failure = std::get<ConnectFailure>(events[0].detail);
    EXPECT_THAT(CountsOf(probes_, CounterFamily::kConnectFailure, cgroup_, child.facts()),
                ElementsAre(Pair(std::pair(1, failure.error), 1)));
    return failure;
  }

  Probes& probes_ = Probes::Shared();
  Cgroup cgroup_{Hierarchy::kUnified};
  static std::unique_ptr<NetLab> lab_;
};
std::unique_ptr<NetLab> TcpEndTest::lab_;

TEST_F(TcpEndTest, KilledWhileConnecting) {
  Child child(Near(), [](Line&) { return Connect(MakePlan(kPeer, kPortDropped)).error; });
  child.Go();
  ASSERT_TRUE(WaitUntil([&] { return Tcp(child).InFlight() == 1; }));
  SleepMs(20);
  child.Kill(SIGKILL);
  EXPECT_EQ(WTERMSIG(child.Wait()), SIGKILL);
  const ConnectFailure failure = OneFailure(child);
  EXPECT_EQ(Name(failure.phase), "abandoned");
  EXPECT_EQ(failure.error, EINTR);
  EXPECT_EQ(failure.destination, kPeer);
  EXPECT_EQ(failure.port, kPortDropped);
  EXPECT_EQ(failure.source, "10.99.0.1");
  EXPECT_NE(failure.source_port, 0);
  EXPECT_GE(failure.duration_ns, 20'000'000u);
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 1, .abandoned = 1}));
}

TEST_F(TcpEndTest, ClosedSoonIsCountedNotTold) {
  Child child(Near(), [](Line&) {
    StartConnect(kPeer, kPortDropped);
    return 0;
  });
  child.Run();
  EXPECT_TRUE(Failures(child).empty());
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 1, .abandoned = 1}));
}

TEST_F(TcpEndTest, ClosedLateIsTold) {
  Child child(Near(), [](Line&) {
    UniqueFd fd = StartConnect(kPeer, kPortDropped);
    SleepMs(kToldAfterMs + 50);
    return 0;
  });
  child.Run();
  const ConnectFailure failure = OneFailure(child);
  EXPECT_EQ(Name(failure.phase), "abandoned");
  EXPECT_EQ(failure.error, ECANCELED);
  EXPECT_GE(failure.duration_ns, kToldAfterMs * 1'000'000);
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 1, .abandoned = 1}));
}

TEST_F(TcpEndTest, ProcessThatEndsLateIsTold) {
  Child child(Near(), [](Line&) -> int {
    const UniqueFd fd = StartConnect(kPeer, kPortDropped);
    SleepMs(kToldAfterMs + 50);
    _exit(0);
  });
  child.Run();
  EXPECT_EQ(OneFailure(child).error, ECANCELED);
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 1, .abandoned = 1}));
}

// A handled signal ends the call, not the attempt: that goes on and has one outcome, later.
TEST_F(TcpEndTest, InterruptedCallGoesOn) {
  Child child(Near(), [](Line& line) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    const Address to = MakeAddress(kPeer, kPortDropped);
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int timeout_ms = 500, kUserTimeout = 18;
    setsockopt(fd.get(), IPPROTO_TCP, kUserTimeout, &timeout_ms, sizeof timeout_ms);
    const int first = connect(fd.get(), to.get(), to.size) == 0 ? 0 : errno;
    line.Send(first);
    pollfd wait{fd.get(), POLLOUT, 0};
    poll(&wait, 1, 15'000);
    return SocketError(fd.get());
  });
  child.Go();
  ASSERT_TRUE(WaitUntil([&] { return Tcp(child).InFlight() == 1; }));
  SleepMs(20);
  child.Kill(SIGUSR1);
  EXPECT_EQ(child.Receive<int>(), EINTR);
  EXPECT_TRUE(Failures(child).empty());
  EXPECT_EQ(WEXITSTATUS(child.Wait()), ETIMEDOUT);
  const ConnectFailure failure = OneFailure(child);
  EXPECT_EQ(Name(failure.phase), "later");
  EXPECT_EQ(failure.error, ETIMEDOUT);
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 1, .failed = 1}));
}

// The namespace's one local port is taken. Fails after SYN_SENT, inside the call.
class NoPortTest : public TcpEndTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(NoPortTest, IsToldOnce) {
  const char* address = GetParam();
  Child child({.place = Place::kOwn, .cgroup = &cgroup_}, [address](Line& line) {
    uint16_t port = 0;
    UniqueFd listener = Listen(address, &port);
    UniqueFd range(open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC));
    if (write(range.get(), "50000 50000", 11) != 11) return 1;
    const Address to = MakeAddress(address, port);
    UniqueFd held(socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(held.get(), to.get(), to.size) != 0) return 2;
    line.Send(port);
    return Connect(MakePlan(address, port)).error;
  });
  child.Go();
  const auto port = child.Receive<uint16_t>();
  EXPECT_EQ(WEXITSTATUS(child.Wait()), EADDRNOTAVAIL);
  const ConnectFailure failure = OneFailure(child);
  EXPECT_EQ(Name(failure.phase), "immediate");
  EXPECT_EQ(failure.error, EADDRNOTAVAIL);
  EXPECT_EQ(failure.destination, address);
  EXPECT_EQ(failure.port, port);
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 2, .established = 1, .failed = 1}));
}
INSTANTIATE_TEST_SUITE_P(All, NoPortTest, ::testing::Values("127.0.0.1", "::1"),
                         [](const auto& info) {
                           return info.param[0] == ':' ? std::string("V6") : std::string("V4");
                         });

// The same in the host's namespace, whose range is left alone: the pair of ports is in use.
TEST_F(TcpEndTest, BoundPortInUse) {
  Child child({.cgroup = &cgroup_}, [](Line&) {
    uint16_t port = 0;
    UniqueFd listener = Listen("127.0.0.1", &port);
    const Address to = MakeAddress("127.0.0.1", port);
    const int one = 1;
    UniqueFd a(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    setsockopt(a.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const Address any = MakeAddress("127.0.0.1", 0);
    if (bind(a.get(), any.get(), any.size) != 0) return 1;
    const uint16_t bound = LocalPort(a.get());
    if (connect(a.get(), to.get(), to.size) != 0) return 2;
    ConnectPlan plan = MakePlan("127.0.0.1", port);
    plan.bind_port = bound;
    return Connect(plan).error;
  });
  child.Go();
  EXPECT_EQ(WEXITSTATUS(child.Wait()), EADDRNOTAVAIL);
  EXPECT_EQ(OneFailure(child).error, EADDRNOTAVAIL);
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 2, .established = 1, .failed = 1}));
}

// The error of an attempt that was broken off lies on the socket when the next one begins.
TEST_F(TcpEndTest, OldErrorIsNotTheNextOnes) {
  Child child(Near(), [](Line&) {
    UniqueFd fd = StartConnect(kPeer, kPortDropped);
    shutdown(fd.get(), SHUT_RDWR);  // leaves ECONNRESET behind
    const Address to = MakeAddress("10.99.0.1", 1);
    return connect(fd.get(), to.get(), to.size) == 0 ? 0 : errno;
  });
  child.Go();
  const int error = WEXITSTATUS(child.Wait());
  EXPECT_TRUE(error == ECONNREFUSED || error == EINPROGRESS) << error;
  const ConnectFailure failure = OneFailure(child);
  EXPECT_EQ(failure.error, ECONNREFUSED);
  EXPECT_EQ(failure.destination, "10.99.0.1");
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 2, .failed = 1, .abandoned = 1}));
}

// A program on the cgroup that denies every connect: what EPERM on connect() is made by.
TEST_F(TcpEndTest, DeniedByTheCgroup) {
  const bpf_insn deny[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = BPF_CGROUP_INET4_CONNECT;
  UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "deny", "GPL", deny, 2, &options));
  ASSERT_TRUE(program.ok()) << strerror(errno);
  UniqueFd folder(open(cgroup_.directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(bpf_prog_attach(program.get(), folder.get(), BPF_CGROUP_INET4_CONNECT, 0), 0);
  Child child({.cgroup = &cgroup_}, [](Line&) { return Connect(MakePlan("127.0.0.1", 1)).error; });
  child.Go();
  EXPECT_EQ(WEXITSTATUS(child.Wait()), EPERM);
  const ConnectFailure failure = OneFailure(child);
  EXPECT_EQ(Name(failure.phase), "immediate");
  EXPECT_EQ(failure.error, EPERM);
  EXPECT_EQ(failure.destination, "127.0.0.1");
  EXPECT_EQ(failure.port, 1);
  EXPECT_EQ(Tcp(child), (TcpCounts{.attempts = 1, .failed = 1}));
}

}  // namespace
}  // namespace nsobs
