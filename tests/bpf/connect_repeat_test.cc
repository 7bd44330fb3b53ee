// Many connects of one thread: what is kept of a call for the next one must not leak into it.
#include <errno.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "bpf/event_abi.h"
#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/probes.h"

namespace nsobs {
namespace {

constexpr int kRounds = 5;

bool MissingUnixSocket(int number) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "/nsobs-none/%d", number);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == -1 &&
         errno == ENOENT;
}

// connect() of what is no socket, and of nothing: neither is an attempt.
bool NoSocket() {
  const Address to = MakeAddress("127.0.0.1", 1);
  int ends[2];
  if (pipe(ends) != 0) return false;
  UniqueFd in(ends[0]), out(ends[1]);
  if (connect(in.get(), to.get(), to.size) != -1 || errno != ENOTSOCK) return false;
  return connect(-1, to.get(), to.size) == -1 && errno == EBADF;
}

bool Refused(ConnectMode mode) {
  return Connect(MakePlan("127.0.0.1", 1, mode)).error == ECONNREFUSED;
}

int AllInTurn(Line&) {
  for (int i = 0; i < kRounds; ++i) {
    if (!MissingUnixSocket(i)) return 1;
    if (!Refused(ConnectMode::kBlocking)) return 2;
    if (!NoSocket()) return 3;
    if (!Refused(ConnectMode::kReconnect)) return 4;
    if (Connect(MakePlan("255.255.255.255", 9)).error != ENETUNREACH) return 5;  // before SYN_SENT
    if (!Refused(ConnectMode::kPoll)) return 6;
    uint16_t port = 0;
    UniqueFd listener = Listen("127.0.0.1", &port);
    if (Connect(MakePlan("127.0.0.1", port)).error != 0) return 7;
    if (!Refused(ConnectMode::kThread)) return 8;
  }
  return 0;
}

TEST(ConnectRepeat, EachOfAThreadsConnectsIsToldOnceAndRight) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, AllInTurn);
  child.Run();
  EXPECT_EQ(CountsOf(probes, CounterFamily::kConnectFailure, cgroup, child.facts()),
            (Counts{{{NSOBS_PROTO_UNIX_STREAM, ENOENT}, kRounds},
                    {{NSOBS_PROTO_TCP, ECONNREFUSED}, 4 * kRounds},
                    {{NSOBS_PROTO_TCP, ENETUNREACH}, kRounds}}));
  EXPECT_EQ(TcpOf(probes, cgroup, child.facts()),
            (TcpCounts{6 * kRounds, kRounds, 5 * kRounds, 0}));
  int paths = 0;
  for (const Event& event : probes.Of(EventKind::kConnectFailure, child.facts())) {
    const auto& failure = std::get<ConnectFailure>(event.detail);
    if (failure.protocol != Protocol::kUnixStream) continue;
    EXPECT_EQ(failure.path, "/nsobs-none/" + std::to_string(paths++));
  }
  EXPECT_EQ(paths, kRounds);
}

// The ring is so small that the records run over its end many times.
TEST(ConnectRepeat, RecordsThatRunOverTheEndOfTheRingArriveWhole) {
  constexpr int kMany = 1500;
  Probes probes({.bulk_ring_bytes = 1 << 16}, TestSettings());
  probes.StartDraining();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    for (int i = 0; i < kMany; ++i) {
      if (!MissingUnixSocket(i)) return 1;
      if (i % 50 == 0) usleep(5000);  // the reader's turn
    }
    return 0;
  });
  child.Run();
  int last = -1, told = 0;
  for (const Event& event : probes.Of(EventKind::kConnectFailure, child.facts())) {
    const auto& failure = std::get<ConnectFailure>(event.detail);
    ASSERT_TRUE(failure.path.starts_with("/nsobs-none/")) << failure.path;
    const int number = std::stoi(failure.path.substr(strlen("/nsobs-none/")));
    EXPECT_GT(number, last);
    last = number;
    ++told;
  }
  EXPECT_EQ(told + LossesOf(probes, cgroup, EventKind::kConnectFailure, "ring_full"), kMany);
  EXPECT_GT(told, kMany / 4);
}

}  // namespace
}  // namespace nsobs
