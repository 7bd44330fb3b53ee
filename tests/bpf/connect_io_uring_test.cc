// Connects of io_uring: no syscall hook sees them, and still each failure is told once.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <liburing.h>
#include <string.h>
#include <sys/un.h>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// The result of one connect through a ring; by a worker thread of the kernel if `async`.
int ConnectByRing(int fd, const sockaddr* to, socklen_t size, bool async) {
  io_uring ring;
  if (io_uring_queue_init(4, &ring, 0) != 0) return -EPROTO;
  io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_connect(sqe, fd, to, size);
  if (async) io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
  io_uring_submit(&ring);
  io_uring_cqe* cqe = nullptr;
  const int error = io_uring_wait_cqe(&ring, &cqe);
  const int result = error != 0 ? error : cqe->res;
  io_uring_queue_exit(&ring);
  return result;
}

struct RingCase {
  const char* name;
  const char* address;
  bool async;
  int error;  // 0: it succeeds
  bool later;
  bool port_taken;  // the namespace's only local port is in use
  const char* source;
};
const RingCase kCases[] = {
    {"Refused4", "127.0.0.1", false, ECONNREFUSED, true, false, "127.0.0.1"},
    {"Refused6", "::1", false, ECONNREFUSED, true, false, "::1"},
    {"RefusedByWorker", "127.0.0.1", true, ECONNREFUSED, true, false, "127.0.0.1"},
    {"NoRoute4", "10.1.1.1", false, ENETUNREACH, false, false, ""},
    {"NoRoute6", "fd01::1", false, ENETUNREACH, false, false, ""},
    {"NoRouteByWorker", "10.1.1.1", true, ENETUNREACH, false, false, ""},
    {"NoLocalPort", "127.0.0.1", false, EADDRNOTAVAIL, false, true, ""},
};

class RingTest : public ::testing::TestWithParam<RingCase> {};

// Uses up the only local port towards 127.0.0.1:port; keeps the connection in *held.
bool TakeOnlyPort(uint16_t port, UniqueFd* held) {
  UniqueFd range(open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC));
  if (write(range.get(), "50000 50000", 11) != 11) return false;
  const Address to = MakeAddress("127.0.0.1", port);
  *held = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(held->get(), to.get(), to.size) == 0;
}

TEST_P(RingTest, IsToldOnce) {
  const RingCase& c = GetParam();
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = Place::kOwn, .cgroup = &cgroup}, [&c](Line& line) {
    uint16_t port = 0;
    UniqueFd held, listener = Listen("127.0.0.1", &port);
    if (c.port_taken && !TakeOnlyPort(port, &held)) return 1;
    const Address to = MakeAddress(c.address, c.port_taken ? port : 1);
    UniqueFd fd(socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    line.Send(BootNowNs());
    line.Send(ConnectByRing(fd.get(), to.get(), to.size, c.async));
    line.Send(port);
    return 0;
  });
  child.Go();
  const auto from = child.Receive<int64_t>();
  EXPECT_EQ(child.Receive<int>(), -c.error);
  const auto port = child.Receive<uint16_t>();
  EXPECT_EQ(child.Wait(), 0);
  const auto events = probes.Of(EventKind::kConnectFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kConnectFailure, from, BootNowNs());
  Facts caller = child.facts();
  caller.tid = c.async ? events[0].process.tid : caller.tid;
  if (c.async)
    memcpy(caller.comm, events[0].process.comm.c_str(), events[0].process.comm.size() + 1);
  ExpectProcess(events[0].process, caller, &cgroup);
  const auto& failure = std::get<ConnectFailure>(events[0].detail);
  EXPECT_EQ(Name(failure.protocol), "tcp");
  EXPECT_EQ(failure.error, c.error);
  EXPECT_EQ(Name(failure.phase), c.later ? "later" : "immediate");
  EXPECT_EQ(failure.destination, c.address);
  EXPECT_EQ(failure.port, c.port_taken ? port : 1);
  if (!c.port_taken) {
    EXPECT_EQ(failure.source, c.source);
  }
  EXPECT_EQ(failure.source_port != 0, c.later);
  const uint64_t others = c.port_taken ? 1 : 0;
  EXPECT_EQ(TcpOf(probes, cgroup, child.facts()), (TcpCounts{1 + others, others, 1, 0}));
  EXPECT_THAT(CountsOf(probes, CounterFamily::kConnectFailure, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(1, c.error), 1)));
}

INSTANTIATE_TEST_SUITE_P(All, RingTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Ring, SuccessIsNoFailure) {
  Probes& probes = Probes::Shared();
  for (Place place : {Place::kHost, Place::kOwn}) {
    Cgroup cgroup(Hierarchy::kUnified);
    Child child({.place = place, .cgroup = &cgroup}, [](Line&) {
      uint16_t port = 0;
      UniqueFd listener = Listen("127.0.0.1", &port);
      const Address to = MakeAddress("127.0.0.1", port);
      UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      return ConnectByRing(fd.get(), to.get(), to.size, false) == 0 ? 0 : 1;
    });
    child.Run();
    EXPECT_TRUE(probes.Of(EventKind::kConnectFailure, child.facts()).empty());
    EXPECT_EQ(TcpOf(probes, cgroup, child.facts()), (TcpCounts{.attempts = 1, .established = 1}));
  }
}

TEST(Ring, UnixSocketThatIsNotThere) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    strcpy(to.sun_path, "/tmp/nsobs-bpf-none");
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* address = reinterpret_cast<const sockaddr*>(&to);
    return ConnectByRing(fd.get(), address, sizeof to, false) == -ENOENT ? 0 : 1;
  });
  child.Run();
  const auto events = probes.Of(EventKind::kConnectFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  const auto& failure = std::get<ConnectFailure>(events[0].detail);
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  EXPECT_EQ(Name(failure.protocol), "unix_stream");
  EXPECT_EQ(failure.error, ENOENT);
  EXPECT_EQ(failure.path, "/tmp/nsobs-bpf-none");
}

// What an earlier link of a chain cancelled was never tried.
TEST(Ring, CancelledByAChainIsNoAttempt) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    io_uring ring;
    if (io_uring_queue_init(4, &ring, 0) != 0) return 1;
    io_uring_sqe* first = io_uring_get_sqe(&ring);
    io_uring_prep_read(first, -1, nullptr, 0, 0);
    io_uring_sqe_set_flags(first, IOSQE_IO_LINK);
    const Address to = MakeAddress("127.0.0.1", 1);
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    io_uring_prep_connect(io_uring_get_sqe(&ring), fd.get(), to.get(), to.size);
    io_uring_submit_and_wait(&ring, 2);
    io_uring_cqe* cqe = nullptr;
    io_uring_wait_cqe(&ring, &cqe);
    io_uring_cqe_seen(&ring, cqe);
    io_uring_wait_cqe(&ring, &cqe);
    return cqe->res == -ECANCELED ? 0 : 1;
  });
  child.Run();
  EXPECT_TRUE(probes.Of(EventKind::kConnectFailure, child.facts()).empty());
  EXPECT_EQ(TcpOf(probes, cgroup, child.facts()), TcpCounts{});
}

}  // namespace
}  // namespace nsobs
