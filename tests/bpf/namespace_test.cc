// unshare() and setns(): each change told once, with the old and new identity of all eight kinds.
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>

#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using K = NamespaceKind;

constexpr int kSetns = 1, kUnshare = 2;  // NamespaceChange::Operation, as the counters have it

struct KindFlag {
  K kind;
  int flag;
};
constexpr KindFlag kKinds[] = {
    {K::kCgroup, CLONE_NEWCGROUP}, {K::kIpc, CLONE_NEWIPC}, {K::kMnt, CLONE_NEWNS},
    {K::kNet, CLONE_NEWNET},       {K::kPid, CLONE_NEWPID}, {K::kTime, CLONE_NEWTIME},
    {K::kUser, CLONE_NEWUSER},     {K::kUts, CLONE_NEWUTS},
};

uint8_t BitOf(K kind) { return static_cast<uint8_t>(1u << static_cast<int>(kind)); }

// The kind's namespace that a child of the caller would get.
void ReadForChildren(Facts* facts, K kind) {
  const std::string path = "/proc/thread-self/ns/" + std::string(Name(kind)) + "_for_children";
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat st{};
  if (!fd.ok() || fstat(fd.get(), &st) != 0) return;
  facts->ns_inode[static_cast<size_t>(kind)] = static_cast<uint32_t>(st.st_ino);
  facts->ns_id[static_cast<size_t>(kind)] = NamespaceIdOf(fd.get());
}

// Facts afterwards: of the process itself, and what its children get.
struct After {
  Facts self, children;
};

After ReadAfter() {
  // A new pid namespace can be looked at once there is a process in it.
  const pid_t first = fork();
  if (first == 0) {
    pause();
    _exit(0);
  }
  After out;
  out.self = out.children = ReadOwnFacts();
  ReadForChildren(&out.children, K::kPid);
  ReadForChildren(&out.children, K::kTime);
  kill(first, SIGKILL);
  waitpid(first, nullptr, 0);
  return out;
}

void ExpectChange(const Event& event, NamespaceChange::Operation operation, const Facts& before,
                  const After& after, const Cgroup& cgroup, uint32_t flags, uint8_t changed) {
  const auto& change = std::get<NamespaceChange>(event.detail);
  Facts self = after.self;
  self.uid = before.uid;  // inside a new user namespace it has none; outside it is the same
  ExpectProcess(event.process, self, &cgroup);
  EXPECT_EQ(Name(change.operation), Name(operation));
  EXPECT_EQ(change.error, 0);
  EXPECT_EQ(change.flags, flags);
  EXPECT_EQ(change.changed, changed);
  ExpectNamespaces(change.from, before);
  ExpectNamespaces(change.to, after.children);
  EXPECT_EQ(change.child_pid, 0u);
  EXPECT_EQ(change.child_ns_pid, 0u);
}

class NamespaceTest : public ::testing::TestWithParam<std::tuple<KindFlag, Place>> {};

TEST_P(NamespaceTest, Unshare) {
  const auto [kind, flag] = std::get<0>(GetParam());
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = std::get<1>(GetParam()), .cgroup = &cgroup}, [f = flag](Line& line) {
    if (unshare(f) != 0) return errno;
    return line.Send(ReadAfter()) ? 0 : 1;
  });
  const int64_t from = BootNowNs();
  child.Go();
  const After after = child.Receive<After>();
  EXPECT_EQ(child.Wait(), 0);
  const auto events = probes.Of(EventKind::kNamespaceChange, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kNamespaceChange, from, BootNowNs());
  ExpectChange(events[0], NamespaceChange::Operation::kUnshare, child.facts(), after, cgroup,
               static_cast<uint32_t>(flag), BitOf(kind));
  EXPECT_THAT(CountsOf(probes, CounterFamily::kNamespaceChange, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(kUnshare, static_cast<int>(kind)), 1)));
}

// A process with namespaces of every kind of its own; waits.
int HoldNamespaces(Line& line, bool user) {
  if (user && unshare(CLONE_NEWUSER) != 0) return errno;
  line.Send('r');
  line.Pause();
  return 0;
}

TEST_P(NamespaceTest, SetnsByNamespaceFile) {
  const auto [kind, flag] = std::get<0>(GetParam());
  // setns() enters pid namespaces below the caller's own only.
  if (kind == K::kPid && std::get<1>(GetParam()) == Place::kOwn) return;
  Probes& probes = Probes::Shared();
  Child target({.place = Place::kOwn},
               [user = kind == K::kUser](Line& line) { return HoldNamespaces(line, user); });
  target.Go();
  target.Receive<char>();
  const std::string path =
      "/proc/" + std::to_string(target.facts().pid) + "/ns/" + std::string(Name(kind));
  UniqueFd ns(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = std::get<1>(GetParam()), .cgroup = &cgroup}, [fd = ns.get()](Line& line) {
    if (setns(fd, 0) != 0) return errno;
    return line.Send(ReadAfter()) ? 0 : 1;
  });
  child.Go();
  const After after = child.Receive<After>();
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_EQ(after.children.ns_id[static_cast<size_t>(kind)], NamespaceIdOf(ns.get()));
  const auto events = probes.Of(EventKind::kNamespaceChange, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectChange(events[0], NamespaceChange::Operation::kSetns, child.facts(), after, cgroup, 0,
               BitOf(kind));
  EXPECT_THAT(CountsOf(probes, CounterFamily::kNamespaceChange, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(kSetns, static_cast<int>(kind)), 1)));
}

INSTANTIATE_TEST_SUITE_P(All, NamespaceTest,
                         ::testing::Combine(::testing::ValuesIn(kKinds),
                                            ::testing::Values(Place::kHost, Place::kOwn)),
                         [](const auto& info) {
                           return std::string(Name(std::get<0>(info.param).kind)) + "_" +
                                  PlaceName(std::get<1>(info.param));
                         });

TEST(Setns, ByPidfdWithSeveralFlags) {
  constexpr int kFlags = CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS;
  Probes& probes = Probes::Shared();
  Child target({.place = Place::kOwn}, [](Line& line) { return HoldNamespaces(line, false); });
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, target.facts().pid, 0)));
  for (Place place : {Place::kHost, Place::kOwn}) {
    Cgroup cgroup(Hierarchy::kUnified);
    Child child({.place = place, .cgroup = &cgroup}, [fd = pidfd.get()](Line& line) {
      if (setns(fd, kFlags) != 0) return errno;
      return line.Send(ReadAfter()) ? 0 : 1;
    });
    child.Go();
    const After after = child.Receive<After>();
    EXPECT_EQ(child.Wait(), 0);
    const auto events = probes.Of(EventKind::kNamespaceChange, child.facts());
    ASSERT_EQ(events.size(), 1u);
    ExpectChange(events[0], NamespaceChange::Operation::kSetns, child.facts(), after, cgroup,
                 kFlags, BitOf(K::kNet) | BitOf(K::kUts) | BitOf(K::kIpc) | BitOf(K::kMnt));
    EXPECT_THAT(CountsOf(probes, CounterFamily::kNamespaceChange, cgroup, child.facts()),
                ElementsAre(Pair(std::pair(kSetns, 1), 1), Pair(std::pair(kSetns, 2), 1),
                            Pair(std::pair(kSetns, 3), 1), Pair(std::pair(kSetns, 7), 1)));
  }
}

int UnshareNet() { return unshare(CLONE_NEWNET); }
int SetnsBadFd() { return setns(-1, CLONE_NEWNET); }
int SetnsNoNamespace() { return setns(UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)).get(), 0); }
int SetnsOtherKind() {
  UniqueFd fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  return setns(fd.get(), CLONE_NEWUTS);
}
int SetnsOwnNet() {
  UniqueFd fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  return setns(fd.get(), CLONE_NEWNET);
}

struct FailureCase {
  const char* name;
  int (*deed)();
  uint32_t uid;
  NamespaceChange::Operation operation;
  uint32_t flags;
  int error;
};
const FailureCase kFailures[] = {
    {"UnshareEperm", UnshareNet, 65534, NamespaceChange::Operation::kUnshare, CLONE_NEWNET, EPERM},
    {"SetnsEperm", SetnsOwnNet, 65534, NamespaceChange::Operation::kSetns, CLONE_NEWNET, EPERM},
    {"SetnsEbadf", SetnsBadFd, 0, NamespaceChange::Operation::kSetns, CLONE_NEWNET, EBADF},
    {"SetnsNoNamespace", SetnsNoNamespace, 0, NamespaceChange::Operation::kSetns, 0, EINVAL},
    {"SetnsOtherKind", SetnsOtherKind, 0, NamespaceChange::Operation::kSetns, CLONE_NEWUTS, EINVAL},
};

class NamespaceFailureTest : public ::testing::TestWithParam<std::tuple<FailureCase, Place>> {};

TEST_P(NamespaceFailureTest, IsToldWithErrno) {
  const auto& [c, place] = GetParam();
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = place, .cgroup = &cgroup, .uid = c.uid},
              [&c = c](Line&) { return c.deed() == -1 && errno == c.error ? 0 : 1; });
  child.Run();
  const auto events = probes.Of(EventKind::kNamespaceChange, child.facts());
  ASSERT_EQ(events.size(), 1u);
  const auto& change = std::get<NamespaceChange>(events[0].detail);
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  EXPECT_EQ(Name(change.operation), Name(c.operation));
  EXPECT_EQ(change.error, c.error);
  EXPECT_EQ(change.flags, c.flags);
  EXPECT_EQ(change.changed, 0);
  ExpectNamespaces(change.from, child.facts());
  ExpectNamespaces(change.to, child.facts());
  EXPECT_TRUE(CountsOf(probes, CounterFamily::kNamespaceChange, cgroup, child.facts()).empty());
  EXPECT_THAT(CountsOf(probes, CounterFamily::kNamespaceFailure, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(static_cast<int>(c.operation), c.error), 1)));
}

INSTANTIATE_TEST_SUITE_P(All, NamespaceFailureTest,
                         ::testing::Combine(::testing::ValuesIn(kFailures),
                                            ::testing::Values(Place::kHost, Place::kOwn)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  PlaceName(std::get<1>(info.param));
                         });

TEST(Unshare, OfOtherThingsIsNotTold) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) { return unshare(CLONE_FILES | CLONE_FS); });
  child.Run();
  EXPECT_TRUE(probes.Of(EventKind::kNamespaceChange, child.facts()).empty());
}

TEST(Unshare, InAThreadIsTheThreads) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line& line) {
    std::thread([&] {
      if (unshare(CLONE_NEWNET) != 0) return;
      line.Send(ReadOwnFacts());
    }).join();
    return 0;
  });
  child.Go();
  const Facts after = child.Receive<Facts>();
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_NE(after.tid, after.pid);
  const auto events = probes.Of(EventKind::kNamespaceChange, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectProcess(events[0].process, after, &cgroup);
  const auto& change = std::get<NamespaceChange>(events[0].detail);
  ExpectNamespaces(change.from, child.facts());
  ExpectNamespaces(change.to, after);
}

// Inodes come back at once; ids never do.
TEST(Unshare, IdsOfAThousandAreDifferent) {
  constexpr size_t kTimes = 1000;
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    for (size_t i = 0; i < kTimes; ++i) {
      if (unshare(CLONE_NEWUTS) != 0) return 1;
    }
    return 0;
  });
  child.Run();
  auto events = probes.Of(EventKind::kNamespaceChange, child.facts());
  ASSERT_EQ(events.size(), kTimes);
  // What is beyond a cgroup's share of the critical ring came by the other one.
  std::ranges::stable_sort(events, {}, &Event::boot_ns);
  std::set<uint64_t> ids, inodes;
  NamespaceIdentity last{child.facts().ns_inode[7], child.facts().ns_id[7]};
  for (const Event& event : events) {
    const auto& change = std::get<NamespaceChange>(event.detail);
    if (last.id != 0) {
      EXPECT_EQ(change.from[K::kUts].id, last.id);
    }
    EXPECT_EQ(change.from[K::kUts].inode, last.inode);
    last = change.to[K::kUts];
    ids.insert(last.id);
    inodes.insert(last.inode);
  }
  if (last.id != 0) {
    EXPECT_EQ(ids.size(), kTimes);
  }
  EXPECT_LT(inodes.size(), kTimes);
  EXPECT_THAT(CountsOf(probes, CounterFamily::kNamespaceChange, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(kUnshare, 7), kTimes)));
}

}  // namespace
}  // namespace nsobs
