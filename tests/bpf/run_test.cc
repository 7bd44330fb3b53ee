// Runs of equal events that the kernel counts by itself: one row with the right count, and books
// that balance whatever happens to the run.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/run_rig.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kMany = 2000;

Deed SendToSelf(int signal_number, uint64_t count) {
  return [=](Line&) {
    signal(signal_number, SIG_IGN);
    for (uint64_t i = 0; i < count; ++i) kill(getpid(), signal_number);
    return 0;
  };
}

uint64_t InKernel(RunRig& rig, nsobs_run_kind kind) {
  return rig.set().runs().Observed(kind, 0) + rig.set().runs().Observed(kind, 1);
}

// Whether the kernel did most of it. Not where another run holds the slot for its window: other
// processes of the machine send signals, too. What is counted is exact in any case.
bool SignalsAreOneRow() {
  RunRig rig(absl::Seconds(5));
  rig.StartReading();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, SendToSelf(SIGINT, kMany));
  child.Run();
  EXPECT_TRUE(WaitUntil([&] { return rig.Told(EventKind::kSignal, child) == kMany; }));
  const std::vector<Row> rows = rig.Rows(EventKind::kSignal, child);
  EXPECT_EQ(rows.size(), 1u);
  if (rows.size() != 1) return false;
  EXPECT_EQ(rows[0].count, kMany);
  EXPECT_GT(rows[0].last_boot_ns, rows[0].event.boot_ns);
  EXPECT_EQ(rig.Count(CounterFamily::kSignal, cgroup), kMany);
  EXPECT_TRUE(rig.Balances(EventKind::kSignal));
  return InKernel(rig, NSOBS_RUN_SIGNAL) > kMany / 2;
}

TEST(Run, OfSignalsIsOneRow) {
  bool in_kernel = false;
  for (int i = 0; i < 5 && !in_kernel && !HasFailure(); ++i) in_kernel = SignalsAreOneRow();
  EXPECT_TRUE(in_kernel) << "the kernel did not do it";
}

int ConnectOften(Line&) {
  sockaddr_in nobody{};
  nobody.sin_family = AF_INET;
  nobody.sin_port = htons(9);
  nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (uint64_t i = 0; i < kMany; ++i) {
    const UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&nobody), sizeof nobody) == 0) return 1;
  }
  return 0;
}

TEST(Run, OfConnectFailuresIsOneRow) {
  RunRig rig(absl::Seconds(5));
  rig.StartReading();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, ConnectOften);
  child.Run();
  EXPECT_TRUE(WaitUntil([&] { return rig.Told(EventKind::kConnectFailure, child) == kMany; }));
  const std::vector<Row> rows = rig.Rows(EventKind::kConnectFailure, child);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].count, kMany);
  EXPECT_EQ(std::get<ConnectFailure>(rows[0].event.detail).error, ECONNREFUSED);
  EXPECT_EQ(rig.Count(CounterFamily::kConnectFailure, cgroup), kMany);
  EXPECT_GT(InKernel(rig, NSOBS_RUN_CONNECT_FAILURE), kMany / 2) << "the kernel did not do it";
  EXPECT_TRUE(rig.Balances(EventKind::kConnectFailure));
}

// More different ones in turn than there are slots: those without one are records, as ever.
TEST(Run, OfManyKindsInTurnAreARowEach) {
  RunRig rig(absl::Seconds(5));
  rig.StartReading();
  Cgroup cgroup(Hierarchy::kUnified);
  constexpr int kFirst = 34, kLast = 61, kRounds = 50;
  Child child({.cgroup = &cgroup}, [](Line&) {
    for (int s = kFirst; s <= kLast; ++s) signal(s, SIG_IGN);
    for (int round = 0; round < kRounds; ++round) {
      for (int s = kFirst; s <= kLast; ++s) kill(getpid(), s);
    }
    return 0;
  });
  child.Run();
  constexpr uint64_t kAll = uint64_t{kLast - kFirst + 1} * kRounds;
  EXPECT_TRUE(WaitUntil([&] { return rig.Told(EventKind::kSignal, child) == kAll; }));
  std::map<int, uint64_t> counts;
  for (const Row& row : rig.Rows(EventKind::kSignal, child)) {
    EXPECT_TRUE(counts.emplace(std::get<Signal>(row.event.detail).signal, row.count).second);
  }
  EXPECT_EQ(counts.size(), size_t{kLast - kFirst + 1});
  for (const auto& [signal, count] : counts) EXPECT_EQ(count, uint64_t{kRounds}) << signal;
  EXPECT_EQ(rig.Count(CounterFamily::kSignal, cgroup), kAll);
  EXPECT_TRUE(rig.Balances(EventKind::kSignal));
}

// The slot is closed, its run's row ends, and the same slot takes the next run.
TEST(Run, EndsWhenItPauses) {
  RunRig rig(absl::Milliseconds(150));
  rig.StartReading();
  Child child({}, [](Line& line) {
    signal(SIGINT, SIG_IGN);
    for (int burst = 0; burst < 3; ++burst) {
      for (uint64_t i = 0; i < 100; ++i) kill(getpid(), SIGINT);
      usleep(400'000);
    }
    line.Send('.');
    return 0;
  });
  child.Run();
  EXPECT_TRUE(WaitUntil([&] { return rig.Told(EventKind::kSignal, child) == 300; }));
  std::vector<uint64_t> counts;
  for (const Row& row : rig.Rows(EventKind::kSignal, child)) counts.push_back(row.count);
  EXPECT_THAT(counts, ElementsAre(100, 100, 100));
  EXPECT_TRUE(rig.Balances(EventKind::kSignal));
}

TEST(Run, WindowZeroMakesEachARecord) {
  RunRig rig(absl::ZeroDuration());
  rig.StartReading();
  Child child({}, SendToSelf(SIGINT, 200));
  child.Run();
  EXPECT_TRUE(WaitUntil([&] { return rig.Rows(EventKind::kSignal, child).size() == 200; }));
  EXPECT_EQ(InKernel(rig, NSOBS_RUN_SIGNAL), 0u);
  EXPECT_TRUE(rig.Balances(EventKind::kSignal));
}

// Without the record that would begin it there is no run: what follows is lost one by one.
TEST(Run, DoesNotBeginWithALostRecord) {
  RunRig rig(absl::ZeroDuration(), /*bulk_ring_bytes=*/1 << 16);
  Cgroup cgroup(Hierarchy::kUnified);
  // Several, for one leaves room in the ring for others.
  for (int i = 0; i < 4; ++i) {
    Cgroup other(Hierarchy::kUnified);
    Child fill({.cgroup = &other}, SendToSelf(SIGINT, kMany));
    fill.Run();
  }
  rig.SetWindow(absl::Seconds(5));
  Child child({.cgroup = &cgroup}, SendToSelf(SIGINT, 100));
  child.Run();
  EXPECT_EQ(rig.LostInKernel(EventKind::kSignal, cgroup), 100u);
  EXPECT_EQ(InKernel(rig, NSOBS_RUN_SIGNAL), 0u);
  EXPECT_EQ(rig.Count(CounterFamily::kSignal, cgroup), 100u);
  rig.StartReading();
  EXPECT_TRUE(rig.Balances(EventKind::kSignal));
}

// Signals until it's told to stop.
int Flood(Line& line) {
  signal(SIGINT, SIG_IGN);
  for (;;) {
    kill(getpid(), SIGINT);
    char stop;
    if (recv(line.fd(), &stop, 1, MSG_DONTWAIT) == 1) return 0;
  }
}

// A row that nobody took: all of its run is lost and counted, and the next one is a row again.
TEST(Run, WhoseRowIsRefusedIsLostAndBeginsAnew) {
  RunRig rig(absl::Seconds(5));
  rig.Refuse(true);
  rig.StartReading();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, Flood);
  child.Go();
  EXPECT_TRUE(WaitUntil([&] { return rig.Lost(EventKind::kSignal) > 100; }));
  rig.Refuse(false);
  EXPECT_TRUE(WaitUntil([&] { return rig.Told(EventKind::kSignal, child) > 100; }));
  child.Send('s');
  child.Wait();
  EXPECT_EQ(rig.Rows(EventKind::kSignal, child).size(), 1u);
  EXPECT_TRUE(rig.Balances(EventKind::kSignal));
  // By owner, too: the first of each run and what the kernel had counted behind it.
  EXPECT_EQ(rig.Told(EventKind::kSignal, child) + rig.LostOf(EventKind::kSignal, cgroup),
            rig.Count(CounterFamily::kSignal, cgroup));
}

TEST(Run, BalancesByEpochUnderLoad) {
  RunRig rig(absl::Milliseconds(100));  // runs of a second: they end and begin all the while
  rig.StartReading();
  Child child({}, Flood);
  child.Go();
  for (int round = 0; round < 30; ++round) {
    usleep(100'000);
    EXPECT_TRUE(rig.Balances(EventKind::kSignal)) << "round " << round;
  }
  child.Send('s');
  child.Wait();
  EXPECT_GE(rig.Rows(EventKind::kSignal, child).size(), 2u);
  EXPECT_EQ(rig.Lost(EventKind::kSignal), 0u);
  EXPECT_TRUE(rig.Balances(EventKind::kSignal));
}

Deed ConnectOnCpu(size_t cpu) {
  return [=](Line& line) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0 ? ConnectOften(line) : 1;
  };
}

// Two that share a CPU and connect all the time. Where the kernel preempts programs (7.0) it leaves
// one out for whoever comes while another one waits inside: no more may be missing than it says.
TEST(Run, OfTwoThatShareACpuIsCounted) {
  RunRig rig(absl::Seconds(5));
  rig.StartReading();
  cpu_set_t mine;
  ASSERT_EQ(sched_getaffinity(0, sizeof mine, &mine), 0);
  size_t cpu = 0;
  while (!CPU_ISSET(cpu, &mine)) ++cpu;
  Cgroup one(Hierarchy::kUnified), other(Hierarchy::kUnified);
  Child first({.cgroup = &one}, ConnectOnCpu(cpu));
  Child second({.cgroup = &other}, ConnectOnCpu(cpu));
  first.Go();
  second.Go();
  EXPECT_EQ(first.Wait(), 0);
  EXPECT_EQ(second.Wait(), 0);
  const uint64_t counted[] = {rig.Count(CounterFamily::kConnectFailure, one),
                              rig.Count(CounterFamily::kConnectFailure, other)};
  EXPECT_LE(counted[0], kMany);
  EXPECT_LE(counted[1], kMany);
  EXPECT_GE(counted[0] + counted[1] + MissesOf(rig.set(), "tcp_connect"), 2 * kMany);
  EXPECT_TRUE(rig.Balances(EventKind::kConnectFailure));
}

}  // namespace
}  // namespace nsobs
