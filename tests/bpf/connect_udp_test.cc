// UDP: connect() calls that fail, and ICMP errors that come back, each with the process that
// connected the socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
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

enum class Where { kHost, kOwn, kLab };

struct UdpCase {
  const char* name;
  Where where;
  const char* address;
  uint16_t port;
  int error;
  const char* source;  // "": the call itself fails
};
const UdpCase kCases[] = {
    {"NoRouteOwn4", Where::kOwn, "10.1.1.1", 53, ENETUNREACH, ""},
    {"NoRouteOwn6", Where::kOwn, "fd01::1", 53, ENETUNREACH, ""},
    {"Prohibit4", Where::kLab, "10.98.2.5", 53, EACCES, ""},
    {"Prohibit6", Where::kLab, "fd98:2::5", 53, EACCES, ""},
    {"RefusedHost4", Where::kHost, "127.0.0.1", 1, ECONNREFUSED, "127.0.0.1"},
    {"RefusedHost6", Where::kHost, "::1", 1, ECONNREFUSED, "::1"},
    {"RefusedOwn4", Where::kOwn, "127.0.0.1", 1, ECONNREFUSED, "127.0.0.1"},
    {"RefusedOwn6", Where::kOwn, "::1", 1, ECONNREFUSED, "::1"},
    {"RefusedPeer4", Where::kLab, "10.99.0.2", kPortClosed, ECONNREFUSED, "10.99.0.1"},
    {"RefusedPeer6", Where::kLab, "fd99::2", kPortClosed, ECONNREFUSED, "fd99::1"},
    {"RejectedPeer4", Where::kLab, "10.99.0.2", kPortPortUnreachable, ECONNREFUSED, "10.99.0.1"},
};

ChildOptions OptionsFor(Where where, const NetLab& lab, const Cgroup& cgroup) {
  ChildOptions options;
  options.place = where == Where::kOwn ? Place::kOwn : Place::kHost;
  if (where == Where::kLab) options.netns_fd = lab.near_fd();
  options.cgroup = &cgroup;
  return options;
}

bool IsUdpFailureOf(const Event& event, const Facts& facts) {
  return event.kind == EventKind::kConnectFailure && event.process.pid == facts.pid;
}

class UdpTest : public ::testing::TestWithParam<UdpCase> {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<NetLab>(); }
  static void TearDownTestSuite() { lab_.reset(); }
  static std::unique_ptr<NetLab> lab_;
};
std::unique_ptr<NetLab> UdpTest::lab_;

// Connects and, if that succeeds, sends one datagram and waits for what comes back.
ConnectReport SendOne(const ConnectPlan& plan) {
  ConnectReport out;
  const Address to = MakeAddress(plan.address, plan.port);
  UniqueFd fd(socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  out.from_boot_ns = BootNowNs();
  if (connect(fd.get(), to.get(), to.size) != 0) {
    out.error = errno;
  } else {
    out.local_port = LocalPort(fd.get());
    (void)!send(fd.get(), "x", 1, 0);
    pollfd wait{fd.get(), POLLIN, 0};
    poll(&wait, 1, 5000);
    out.error = SocketError(fd.get());
  }
  return out;
}

TEST_P(UdpTest, IsToldOnce) {
  const UdpCase& c = GetParam();
  const bool later = c.source[0] != '\0';
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child(OptionsFor(c.where, *lab_, cgroup),
              [&c](Line& line) { return line.Send(SendOne(MakePlan(c.address, c.port))) ? 0 : 1; });
  child.Go();
  const ConnectReport report = child.Receive<ConnectReport>();
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_EQ(report.error, c.error);
  EXPECT_TRUE(probes.Await(1, [&](const Event& e) { return IsUdpFailureOf(e, child.facts()); }));
  const auto events = probes.Of(EventKind::kConnectFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kConnectFailure, report.from_boot_ns, BootNowNs());
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  const auto& failure = std::get<ConnectFailure>(events[0].detail);
  EXPECT_EQ(Name(failure.protocol), "udp");
  EXPECT_EQ(Name(failure.phase), later ? "later" : "immediate");
  EXPECT_EQ(Name(failure.destination_source), later ? "socket" : "caller");
  EXPECT_EQ(failure.family, strchr(c.address, ':') != nullptr ? AF_INET6 : AF_INET);
  EXPECT_EQ(failure.destination, c.address);
  EXPECT_EQ(failure.port, c.port);
  EXPECT_EQ(failure.source, c.source);
  EXPECT_EQ(failure.source_port, report.local_port);
  EXPECT_EQ(failure.error, c.error);
  EXPECT_EQ(failure.duration_ns == 0, later);  // when a datagram was sent is not kept
  EXPECT_THAT(CountsOf(probes, CounterFamily::kConnectFailure, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(2, c.error), 1)));
  EXPECT_EQ(TcpOf(probes, cgroup, child.facts()), TcpCounts{});
}

INSTANTIATE_TEST_SUITE_P(All, UdpTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

// With IP_RECVERR the kernel reports each error twice (queued, then set) and again as the queue is
// read: still one event for each message that came.
int ProvokeWithErrorQueue(Line& line, const char* address, int datagrams) {
  const Address to = MakeAddress(address, kPortClosed);
  const bool v6 = to.storage.ss_family == AF_INET6;
  UniqueFd fd(socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int one = 1;
  setsockopt(fd.get(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? 25 : 11, &one, sizeof one);  // RECVERR
  if (connect(fd.get(), to.get(), to.size) != 0) return errno;
  int sent = 0;
  while (sent < datagrams) {
    // An error that waits is returned by the next call, which then sends nothing.
    if (send(fd.get(), "x", 1, 0) == 1) ++sent;
  }
  char data[256], control[512];
  int read = 0;
  WaitUntil([&] {
    iovec io{data, sizeof data};
    msghdr message{};
    message.msg_iov = &io;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(fd.get(), &message, MSG_ERRQUEUE) >= 0) ++read;
    return read == datagrams;
  });
  line.Send(read);
  return 0;
}

TEST_F(UdpTest, EachMessageOnceWithErrorQueue) {
  constexpr int kDatagrams = 8;
  Probes& probes = Probes::Shared();
  for (const char* address : {"10.99.0.2", "fd99::2"}) {
    SCOPED_TRACE(address);
    Cgroup cgroup(Hierarchy::kUnified);
    Child child({.netns_fd = lab_->near_fd(), .cgroup = &cgroup},
                [address](Line& line) { return ProvokeWithErrorQueue(line, address, kDatagrams); });
    child.Go();
    EXPECT_EQ(child.Receive<int>(), kDatagrams);
    EXPECT_EQ(child.Wait(), 0);
    EXPECT_EQ(probes.Of(EventKind::kConnectFailure, child.facts()).size(), size_t{kDatagrams});
    EXPECT_THAT(CountsOf(probes, CounterFamily::kConnectFailure, cgroup, child.facts()),
                ElementsAre(Pair(std::pair(2, ECONNREFUSED), kDatagrams)));
  }
}

// Nobody connected it: told with the net namespace that the socket itself knows.
TEST_F(UdpTest, SocketThatNeverConnectedHasNoProcess) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = Place::kOwn, .cgroup = &cgroup}, [](Line&) {
    const Address to = MakeAddress("127.0.0.1", 1);
    UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int one = 1;
    setsockopt(fd.get(), IPPROTO_IP, 11, &one, sizeof one);  // IP_RECVERR
    (void)!sendto(fd.get(), "x", 1, 0, to.get(), to.size);
    return SocketError(fd.get()) == ECONNREFUSED ? 0 : 1;
  });
  child.Run();
  const auto events = probes.Take([&](const Event& e) {
    return e.kind == EventKind::kConnectFailure &&
           e.process.namespaces[NamespaceKind::kNet].inode == child.facts().ns_inode[3];
  });
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].process.pid, 0u);
  EXPECT_EQ(std::get<ConnectFailure>(events[0].detail).error, ECONNREFUSED);
  if (child.facts().ns_id[3] != 0) {
    EXPECT_EQ(events[0].process.namespaces[NamespaceKind::kNet].id, child.facts().ns_id[3]);
  }
}

}  // namespace
}  // namespace nsobs
