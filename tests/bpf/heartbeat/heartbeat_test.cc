// The observer's own deeds: each program sees its own, none is counted as an event, and one that is
// taken off its hook is noticed.
#include "userspace/pipeline/heartbeat.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/detach.h"
#include "userspace/collector/program_table.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;

std::vector<std::string> Sources(const std::vector<SilentProbe>& probes) {
  std::vector<std::string> out;
  for (const SilentProbe& probe : probes) out.push_back(probe.source);
  return out;
}

std::unique_ptr<ProbeSet> Load() {
  ProbeSettings settings;
  settings.told_signals = ~uint64_t{0};
  auto set = ProbeSet::Load({.files = true}, settings);
  EXPECT_TRUE(set.ok()) << set.status();
  (*set)->Attach();
  return *std::move(set);
}

// As systemd does it for deploy/systemd/nsobserver.service: for this thread alone, and for good.
bool BarThisThread() {
  constexpr uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM, kMissing = SECCOMP_RET_ERRNO | ENOSYS;
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),  // seccomp_data.nr
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 1, 2),
      BPF_STMT(BPF_RET | BPF_K, kRefused),
      BPF_STMT(BPF_RET | BPF_K, kMissing),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {std::size(filter), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

TEST(HeartbeatTest, WhatAFilterDoesNotLetThroughIsNoSilence) {
  const SystemClock clock;
  const std::unique_ptr<ProbeSet> probes = Load();
  Heartbeat heartbeat(probes.get(), &clock, absl::ZeroDuration());
  std::thread([&] {
    ASSERT_TRUE(BarThisThread());
    ASSERT_EQ(syscall(SYS_openat2, AT_FDCWD, "", nullptr, 0), -1);
    ASSERT_EQ(errno, ENOSYS);
    ASSERT_TRUE(probes->BeatOnThisThread().ok());
    for (int i = 0; i < 3; ++i) heartbeat.Beat();
  }).join();
  EXPECT_THAT(Sources(heartbeat.Silent()), IsEmpty());
  const std::vector<Heartbeat::State> states = heartbeat.states();
  for (size_t i = 0; i < states.size(); ++i) {
    const std::string_view source = ProgramTable()[i].source;
    if (source.starts_with("setns_") || source == "clone3_failure" || source == "file_openat2") {
      EXPECT_EQ(states[i].cpus_tried, 0u) << source;
    }
    if (source == "clone_failure" || source == "unshare_call" || source == "file_openat") {
      EXPECT_EQ(states[i].cpus_tried, CpuMask::Of(0).cpus().size()) << source;
    }
  }
}

TEST(HeartbeatTest, OneThatIsTakenOffItsHookIsSilent) {
  const SystemClock clock;
  const std::unique_ptr<ProbeSet> probes = Load();
  Heartbeat heartbeat(probes.get(), &clock, absl::ZeroDuration());
  ASSERT_TRUE(probes->BeatOnThisThread().ok());
  for (int i = 0; i < 3; ++i) heartbeat.Beat();
  EXPECT_THAT(Sources(heartbeat.Silent()), IsEmpty());

  ASSERT_TRUE(Detach("nsobs_setns_exit"));
  heartbeat.Beat();
  EXPECT_THAT(Sources(heartbeat.Silent()), IsEmpty()) << "one may be missed by chance";
  heartbeat.Beat();
  EXPECT_THAT(Sources(heartbeat.Silent()), testing::ElementsAre("setns_return"));
  ASSERT_TRUE(Detach("nsobs_signal_generate"));
  heartbeat.Beat();
  heartbeat.Beat();
  const std::vector<SilentProbe> silent = heartbeat.Silent();
  EXPECT_THAT(Sources(silent), testing::ElementsAre("signal_generate", "setns_return"));
  EXPECT_EQ(silent[1].missed, 4u);
  EXPECT_GT(silent[1].last_seen_boot_ns, 0);
  EXPECT_EQ(silent[1].hook, "tracepoint/syscalls/sys_exit_setns");
}

// The thread stays away from one CPU, and says it is there: as if no program ran on that one.
TEST(HeartbeatTest, SilenceOnOneCpuIsNoticedAndToldWithTheCpu) {
  const std::vector<uint32_t> cpus = CpuMask::Of(0).cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "one CPU only";
  const SystemClock clock;
  const std::unique_ptr<ProbeSet> probes = Load();
  const auto pin = [&](uint32_t cpu) {
    return Heartbeat::PinToCpu(cpu == cpus.back() ? cpus.front() : cpu);
  };
  Heartbeat heartbeat(probes.get(), &clock, absl::ZeroDuration(), pin);
  ASSERT_TRUE(probes->BeatOnThisThread().ok());
  heartbeat.Beat();
  EXPECT_THAT(Sources(heartbeat.Silent()), IsEmpty()) << "one may be missed by chance";
  heartbeat.Beat();
  const std::vector<SilentProbe> silent = heartbeat.Silent();
  const std::vector<Heartbeat::State> states = heartbeat.states();
  const auto tried = std::ranges::count_if(states, [](const auto& s) { return s.cpus_tried != 0; });
  EXPECT_GT(tried, 20);
  EXPECT_EQ(silent.size(), static_cast<size_t>(tried)) << "each that counts deeds";
  for (const SilentProbe& probe : silent) {
    EXPECT_THAT(probe.cpus, testing::ElementsAre(cpus.back())) << probe.source;
    EXPECT_EQ(probe.cpus_tried, cpus.size()) << probe.source;
    EXPECT_EQ(probe.missed, 2u) << probe.source;
    EXPECT_EQ(probe.last_seen_boot_ns, 0) << probe.source;
  }
  EXPECT_EQ(CpuMask::Of(0).cpus(), cpus) << "it came home";
}

// Others leave us no time on one CPU: the thread does not go on until it is taken off that one.
TEST(HeartbeatTest, ABusyCpuHoldsUpNeitherTheRoundsNorTheEnd) {
  const std::vector<uint32_t> cpus = CpuMask::Of(0).cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "one CPU only";
  const SystemClock clock;
  const std::unique_ptr<ProbeSet> probes = Load();
  const auto pin = [&](uint32_t cpu) {
    if (!Heartbeat::PinToCpu(cpu)) return false;
    while (cpu == cpus.back() && CpuMask::Of(0).cpus().size() == 1) usleep(1000);
    return true;
  };
  Heartbeat heartbeat(probes.get(), &clock, absl::Milliseconds(10), pin);
  heartbeat.Start();
  usleep(200'000);
  EXPECT_EQ(heartbeat.rounds(), 0u) << "nobody has taken it off yet";
  for (int i = 0; i < 1000 && heartbeat.rounds() < 3; ++i) {
    heartbeat.LeaveBusyCpu(absl::Milliseconds(20));
    usleep(10'000);
  }
  EXPECT_GE(heartbeat.rounds(), 3u);
  EXPECT_THAT(Sources(heartbeat.Silent()), IsEmpty());
  for (const Heartbeat::State& state : heartbeat.states()) {
    EXPECT_LE(state.cpus_tried, cpus.size() - 1) << "the busy one is not tried";
  }
  heartbeat.Stop();
}

// In a cgroup of its own, so that what others do meanwhile is not taken for its.
int CountsOfThreeRounds(const Cgroup& cgroup) {
  if (!cgroup.Join()) return 10;
  const SystemClock clock;
  const std::unique_ptr<ProbeSet> probes = Load();
  Heartbeat heartbeat(probes.get(), &clock, absl::ZeroDuration());
  if (!probes->BeatOnThisThread().ok()) return 11;
  for (int i = 0; i < 3; ++i) heartbeat.Beat();
  if (!heartbeat.Silent().empty()) return 12;
  const auto states = heartbeat.states();
  for (size_t i = 0; i < states.size(); ++i) {
    const bool can = ProgramTable()[i].beat >= 0 && probes->states()[i].attached;
    if (states[i].cpus_tried != (can ? CpuMask::Of(0).cpus().size() : 0)) return 13;
  }
  const auto counters = probes->counters().Read();
  if (!counters.ok()) return 14;
  const auto is_own = [&](const auto& counter) { return counter.key.cgroup == cgroup.key(); };
  const bool counted = std::any_of(counters->counters.begin(), counters->counters.end(), is_own) ||
                       std::any_of(counters->tcp.begin(), counters->tcp.end(), is_own);
  return counted ? 15 : 0;
}

TEST(HeartbeatTest, AllAnswerAndNothingIsCounted) {
  const Cgroup cgroup(Hierarchy::kUnified);
  const pid_t pid = fork();
  if (pid == 0) _exit(CountsOfThreeRounds(cgroup));
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// The thread of its own: what it does is not this thread's.
TEST(HeartbeatTest, BeatsByItselfAndStopsAtOnce) {
  const SystemClock clock;
  const std::unique_ptr<ProbeSet> probes = Load();
  Heartbeat heartbeat(probes.get(), &clock, absl::Milliseconds(20));
  heartbeat.Start();
  for (int i = 0; i < 1000 && heartbeat.rounds() < 3; ++i) usleep(10'000);
  EXPECT_GE(heartbeat.rounds(), 3u);
  EXPECT_THAT(Sources(heartbeat.Silent()), IsEmpty());
  heartbeat.Stop();
  const uint64_t rounds = heartbeat.rounds();
  usleep(100'000);
  EXPECT_EQ(heartbeat.rounds(), rounds);
}

}  // namespace
}  // namespace nsobs
