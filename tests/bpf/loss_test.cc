// What can't be told is counted: by budget, by a full ring, by epoch. Each case has programs of its
// own, beside those of the whole suite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

constexpr uint64_t kFlood = 3000;

// Ignored signals to itself, and one change of namespaces in the midst of them.
int Flood(Line&) {
  signal(SIGINT, SIG_IGN);
  for (uint64_t i = 0; i < kFlood; ++i) {
    if (i == kFlood / 2 && unshare(CLONE_NEWUTS) != 0) return 1;
    kill(getpid(), SIGINT);
  }
  return 0;
}

// Records of the child among what was told, by kind.
uint64_t Told(Probes& probes, EventKind kind, const Child& child) {
  return probes.Of(kind, child.facts()).size();
}

TEST(Loss, OverBudgetIsCountedExactly) {
  ProbeSettings settings = TestSettings();
  Probes probes({}, settings);
  probes.StartDraining();
  settings.bulk_rate_per_second = 1;
  settings.bulk_burst = 10;
  probes.set().Apply(settings);
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, Flood);
  child.Run();
  settings = TestSettings();
  probes.set().Apply(settings);  // the test's own marks need a budget
  const uint64_t told = Told(probes, EventKind::kSignal, child);
  const uint64_t lost = LossesOf(probes, cgroup, EventKind::kSignal, "budget");
  EXPECT_EQ(told + lost, kFlood);
  EXPECT_GE(told, 10u);
  EXPECT_LE(told, 30u);
  EXPECT_EQ(LossesOf(probes, cgroup, EventKind::kSignal, "ring_full"), 0u);
  // The critical ring has no budget.
  EXPECT_EQ(Told(probes, EventKind::kNamespaceChange, child), 1u);
  EXPECT_EQ(CountsOf(probes, CounterFamily::kSignal, cgroup, child.facts()),
            (Counts{{{SIGINT, 2}, kFlood}}));
}

constexpr int kOften = 300;

int EachTwoMilliseconds(Line&) {
  signal(SIGINT, SIG_IGN);
  for (int i = 0; i < kOften; ++i) {
    kill(getpid(), SIGINT);
    usleep(2000);
  }
  return 0;
}

// A token each 10 ms: who asks five times in between got none at all once.
TEST(Loss, WhoAsksOftenGetsItsRate) {
  ProbeSettings settings = TestSettings();
  Probes probes({}, settings);
  probes.StartDraining();
  settings.bulk_rate_per_second = 100;
  settings.bulk_burst = 1;
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, EachTwoMilliseconds);
  probes.set().Apply(settings);
  child.Run();
  probes.set().Apply(TestSettings());
  const uint64_t told = Told(probes, EventKind::kSignal, child);
  EXPECT_EQ(told + LossesOf(probes, cgroup, EventKind::kSignal, "budget"), uint64_t{kOften});
  EXPECT_GE(told, 50u) << "in 0.6 s";
  EXPECT_LT(told, 250u);
}

constexpr int kPrograms = 30;

int RunPrograms() {
  for (int i = 0; i < kPrograms; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/true", "true", nullptr);
      _exit(127);
    }
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status != 0) return 1;
  }
  return 0;
}

int OnTheHost(Line&) { return RunPrograms(); }

int InAPidNamespace(Line&) {
  if (unshare(CLONE_NEWPID) != 0) return 1;
  const pid_t init = fork();
  if (init == 0) _exit(RunPrograms());
  int status = 0;
  return waitpid(init, &status, 0) == init ? status : 1;
}

// Containers are named by what runtimes ran on the host: that is not shed with the rest.
TEST(Loss, TheOwnBudgetSparesWhatNamesDependOn) {
  Probes probes({}, TestSettings());
  probes.StartDraining();
  Cgroup host(Hierarchy::kUnified), contained(Hierarchy::kUnified);
  Child on_the_host({.cgroup = &host}, OnTheHost);
  Child in_a_namespace({.cgroup = &contained}, InAPidNamespace);
  probes.set().set_bulk_most(1);
  on_the_host.Run();
  in_a_namespace.Run();
  probes.set().set_bulk_most(UINT64_MAX);
  for (const EventKind kind : {EventKind::kProcessExec, EventKind::kProcessExit}) {
    EXPECT_EQ(LossesOf(probes, host, kind, "budget"), 0u);
    EXPECT_GT(LossesOf(probes, contained, kind, "budget"), kPrograms / 2u);
  }
}

TEST(Loss, FullRingIsCountedExactlyAndSparesTheCritical) {
  Probes probes({.bulk_ring_bytes = 1 << 16}, TestSettings());
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, Flood);
  child.Run();
  const uint64_t lost = LossesOf(probes, cgroup, EventKind::kSignal, "ring_full");
  probes.StartDraining();
  const uint64_t told = Told(probes, EventKind::kSignal, child);
  EXPECT_EQ(told + lost, kFlood);
  EXPECT_GT(lost, kFlood / 2);
  EXPECT_GT(told, 0u);
  EXPECT_EQ(Told(probes, EventKind::kNamespaceChange, child), 1u);
  EXPECT_EQ(LossesOf(probes, cgroup, EventKind::kNamespaceChange, "ring_full"), 0u);
}

// Costs next to nothing, and anybody can.
int RefusedFlood(Line&) {
  if (setuid(65534) != 0) return 1;
  for (uint64_t i = 0; i < kFlood; ++i) {
    if (unshare(CLONE_NEWUTS) == 0 || errno != EPERM) return 2;
  }
  return 0;
}

TEST(Loss, RefusedNamespacesDoNotFillTheCriticalRing) {
  Probes probes({.bulk_ring_bytes = 1 << 16}, TestSettings());
  Cgroup cgroup(Hierarchy::kUnified);
  Child attacker({.cgroup = &cgroup}, RefusedFlood);
  attacker.Run();
  Cgroup neighbours(Hierarchy::kUnified);
  Child neighbour({.cgroup = &neighbours}, [](Line&) { return unshare(CLONE_NEWUTS); });
  neighbour.Run();
  const uint64_t lost = LossesOf(probes, cgroup, EventKind::kNamespaceChange, "ring_full");
  probes.StartDraining();
  EXPECT_EQ(Told(probes, EventKind::kNamespaceChange, attacker) + lost, kFlood);
  EXPECT_GT(lost, kFlood / 2);
  EXPECT_EQ(Told(probes, EventKind::kNamespaceChange, neighbour), 1u);
  EXPECT_EQ(LossesOf(probes, neighbours, EventKind::kNamespaceChange, "ring_full"), 0u);
  EXPECT_EQ(CountsOf(probes, CounterFamily::kNamespaceFailure, cgroup, attacker.facts()),
            (Counts{{{NSOBS_OP_UNSHARE, EPERM}, kFlood}}));
}

// Nobody empties the rings, and everybody floods both: whoever does little still has a place.
TEST(Loss, FloodsLeaveRoomForANeighbour) {
  constexpr int kFlooders = 8;
  Probes probes({.critical_ring_bytes = 1 << 19, .bulk_ring_bytes = 1 << 19}, TestSettings());
  std::vector<std::unique_ptr<Cgroup>> cgroups;
  for (int i = 0; i < kFlooders; ++i) {
    cgroups.push_back(std::make_unique<Cgroup>(Hierarchy::kUnified));
    Child({.cgroup = cgroups.back().get()}, Flood).Run();
    Child({.cgroup = cgroups.back().get()}, RefusedFlood).Run();
  }
  Cgroup neighbours(Hierarchy::kUnified);
  Child neighbour({.cgroup = &neighbours}, [](Line&) {
    signal(SIGINT, SIG_IGN);
    for (int i = 0; i < 10; ++i) {
      if (kill(getpid(), SIGINT) != 0 || unshare(CLONE_NEWUTS) != 0) return 1;
    }
    return 0;
  });
  neighbour.Run();
  uint64_t lost = 0;
  for (const auto& cgroup : cgroups)
    lost += LossesOf(probes, *cgroup, EventKind::kSignal, "ring_full");
  EXPECT_GT(lost, kFlood);
  probes.StartDraining();
  EXPECT_EQ(Told(probes, EventKind::kSignal, neighbour), 10u);
  EXPECT_EQ(Told(probes, EventKind::kNamespaceChange, neighbour), 10u);
  EXPECT_EQ(LossesOf(probes, neighbours, EventKind::kSignal, "ring_full"), 0u);
  EXPECT_EQ(LossesOf(probes, neighbours, EventKind::kNamespaceChange, "ring_full"), 0u);
}

uint64_t Observed(Probes& probes, uint8_t epoch) {
  auto tally = probes.counters().ReadTally(epoch, EventKind::kSignal);
  return tally.ok() ? tally->observed : 0;
}

// Observed = received + lost in each closed epoch, for every kind, while everything goes on.
TEST(Loss, EpochsBalanceUnderLoad) {
  Probes probes({.bulk_ring_bytes = 1 << 16}, TestSettings());
  probes.StartDraining();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line& line) {
    signal(SIGINT, SIG_IGN);
    for (;;) {
      kill(getpid(), SIGINT);
      char stop;
      if (recv(line.fd(), &stop, 1, MSG_DONTWAIT) == 1) return 0;
    }
  });
  child.Go();
  for (int round = 0; round < 6; ++round) {
    const auto current = static_cast<uint8_t>(round % 2);
    const uint64_t before = Observed(probes, current);
    EXPECT_TRUE(WaitUntil([&] { return Observed(probes, current) > before + 500; }));
    const uint8_t closed = probes.set().FlipEpoch();
    EXPECT_EQ(closed, current);
    for (auto kind : {EventKind::kSignal, EventKind::kNamespaceChange, EventKind::kConnectFailure,
                      EventKind::kCgroupChange, EventKind::kProcessExec, EventKind::kProcessExit}) {
      EXPECT_TRUE(WaitUntil([&] {
        auto tally = probes.counters().ReadTally(closed, kind);
        return tally.ok() && tally->observed == probes.Received(kind, closed) + tally->LostTotal();
      })) << Name(kind);
    }
  }
  child.Send('s');
  child.Wait();
}

}  // namespace
}  // namespace nsobs
