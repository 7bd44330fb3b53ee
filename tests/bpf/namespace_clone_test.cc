// clone() and clone3() that make namespaces, or would.
#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using K = NamespaceKind;

constexpr int kClone = 3;  // NamespaceChange::Operation, as the counters have it
constexpr uint64_t kMost = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET |
                           CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;

struct CloneCase {
  const char* name;
  uint64_t flags;
  std::vector<K> kinds;
  bool clone3_only = false;  // clone() has no room for CLONE_NEWTIME beside the exit signal
};
const CloneCase kCases[] = {
    {"Cgroup", CLONE_NEWCGROUP, {K::kCgroup}},
    {"Ipc", CLONE_NEWIPC, {K::kIpc}},
    {"Mnt", CLONE_NEWNS, {K::kMnt}},
    {"Net", CLONE_NEWNET, {K::kNet}},
    {"Pid", CLONE_NEWPID, {K::kPid}},
    {"Time", CLONE_NEWTIME, {K::kTime}, true},
    {"User", CLONE_NEWUSER, {K::kUser}},
    {"Uts", CLONE_NEWUTS, {K::kUts}},
    {"Most", kMost, {K::kCgroup, K::kIpc, K::kMnt, K::kNet, K::kPid, K::kUser, K::kUts}},
    {"All", kMost | CLONE_NEWTIME, {kNamespaceKinds.begin(), kNamespaceKinds.end()}, true},
};

enum class Call { kClone, kClone3 };

pid_t CloneBy(Call call, uint64_t flags) {
  if (call == Call::kClone) {
    return static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, 0ul));
  }
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
}

class CloneTest : public ::testing::TestWithParam<std::tuple<CloneCase, Call, Place>> {};

TEST_P(CloneTest, IsToldOnceWithTheChild) {
  const auto& [c, call, place] = GetParam();
  if (c.clone3_only && call == Call::kClone) return;
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = place, .cgroup = &cgroup}, [&c = c, call = call](Line& line) {
    const pid_t pid = CloneBy(call, c.flags);
    if (pid < 0) return errno;
    if (pid == 0) _exit(line.Send(ReadOwnFacts()) ? 0 : 1);
    int status = 1;
    waitpid(pid, &status, 0);
    return status;
  });
  child.Go();
  const Facts born = child.Receive<Facts>();
  EXPECT_EQ(child.Wait(), 0);
  const auto events = probes.Of(EventKind::kNamespaceChange, child.facts());
  ASSERT_EQ(events.size(), 1u);
  const auto& change = std::get<NamespaceChange>(events[0].detail);
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  EXPECT_EQ(Name(change.operation), "clone");
  EXPECT_EQ(change.error, 0);
  EXPECT_EQ(change.flags, c.flags);
  ExpectNamespaces(change.from, child.facts());
  ExpectNamespaces(change.to, born);
  EXPECT_EQ(change.child_pid, born.pid);
  EXPECT_EQ(change.child_ns_pid, born.ns_pid);
  Counts expected;
  for (K kind : kNamespaceKinds) {
    const bool wanted = std::count(c.kinds.begin(), c.kinds.end(), kind) != 0;
    EXPECT_EQ(change.Changed(kind), wanted) << Name(kind);
    if (wanted) expected[{kClone, static_cast<int>(kind)}] = 1;
  }
  EXPECT_EQ(CountsOf(probes, CounterFamily::kNamespaceChange, cgroup, child.facts()), expected);
}

INSTANTIATE_TEST_SUITE_P(All, CloneTest,
                         ::testing::Combine(::testing::ValuesIn(kCases),
                                            ::testing::Values(Call::kClone, Call::kClone3),
                                            ::testing::Values(Place::kHost, Place::kOwn)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) +
                                  (std::get<1>(info.param) == Call::kClone ? "_clone_"
                                                                           : "_clone3_") +
                                  PlaceName(std::get<2>(info.param));
                         });

TEST(Clone, FailureIsToldWithErrno) {
  Probes& probes = Probes::Shared();
  for (Call call : {Call::kClone, Call::kClone3}) {
    Cgroup cgroup(Hierarchy::kUnified);
    Child child({.cgroup = &cgroup, .uid = 65534}, [call](Line&) {
      return CloneBy(call, CLONE_NEWNET) == -1 && errno == EPERM ? 0 : 1;
    });
    child.Run();
    const auto events = probes.Of(EventKind::kNamespaceChange, child.facts());
    ASSERT_EQ(events.size(), 1u);
    const auto& change = std::get<NamespaceChange>(events[0].detail);
    ExpectProcess(events[0].process, child.facts(), &cgroup);
    EXPECT_EQ(Name(change.operation), "clone");
    EXPECT_EQ(change.error, EPERM);
    EXPECT_EQ(change.flags, CLONE_NEWNET);
    EXPECT_EQ(change.changed, 0);
    EXPECT_EQ(change.child_pid, 0u);
    ExpectNamespaces(change.from, child.facts());
    ExpectNamespaces(change.to, child.facts());
    EXPECT_THAT(CountsOf(probes, CounterFamily::kNamespaceFailure, cgroup, child.facts()),
                ElementsAre(Pair(std::pair(kClone, EPERM), 1)));
  }
}

// Ordinary forks and threads, and clones that fail for other reasons, are none of ours.
TEST(Clone, WithoutNamespacesIsNotTold) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    waitpid(pid, nullptr, 0);
    // CLONE_SIGHAND without CLONE_VM; the low byte is the exit signal, which looks like a flag.
    const long failed =
        syscall(SYS_clone, CLONE_SIGHAND | 0x80 | SIGCHLD, nullptr, nullptr, nullptr, 0);
    return failed == -1 && errno == EINVAL ? 0 : 1;
  });
  child.Run();
  EXPECT_TRUE(probes.Of(EventKind::kNamespaceChange, child.facts()).empty());
}

}  // namespace
}  // namespace nsobs
