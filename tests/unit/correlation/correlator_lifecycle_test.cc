// Beginnings, ends and names over time: late names, renames, restarts, tombstones, reuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

using Operation = NamespaceChange::Operation;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

class CorrelatorLifecycleTest : public testing::Test {
 protected:
  CorrelatorLifecycleTest() {
    EXPECT_TRUE(correlator_.ScanHost().ok());  // before all that happens
    clock_.AdvanceNs(10'000 * kSecond);
  }

  static FakeProcess Init(uint32_t pid) {
    const std::string path = "/docker/" + FullId("a");
    return {.pid = pid,
            .ns_pid = 1,
            .ns = ContainerNamespaces(pid * 10),
            .unified = path,
            .memory = path,
            .args = "/bin/server --port 80"};
  }
  void WriteState(const FakeProcess& init, const std::string& name) {
    host_.AddDocker(FullId("a"), name);
    host_.AddRuncState("docker/exec/runtime-runc/moby", FullId("a"), init, init.unified);
  }
  // The whole beginning of a container: cgroup, files, the runtime, the program.
  void Begin(const FakeProcess& init, const std::string& name, int64_t boot_ns) {
    host_.Start(init);
    correlator_.Learn(host_.CgroupBorn(init.unified, boot_ns));
    WriteState(init, name);
    correlator_.Learn(host_.Exec(init, boot_ns + 1));
  }

  FakeHost host_;
  FakeClock clock_{0, 990'000 * kSecond};
  Correlator correlator_{host_.Options(), &clock_};
};

TEST_F(CorrelatorLifecycleTest, AStartIsTold) {
  Begin(Init(100), "web", 50 * kSecond);
  const auto made = correlator_.TakeMade();
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].event.kind, EventKind::kContainerStart);
  EXPECT_TRUE(std::holds_alternative<ContainerStart>(made[0].event.detail));
  EXPECT_EQ(made[0].event.boot_ns, 50 * kSecond + 1);
  EXPECT_EQ(made[0].wall_ns, clock_.WallOfBootNs(50 * kSecond + 1));
  EXPECT_EQ(made[0].event.process.pid, 100u);
  EXPECT_THAT(made[0].event.process.exe_args, Optional(std::string("/bin/server --port 80")));
  ASSERT_NE(made[0].container, nullptr);
  EXPECT_EQ(made[0].container->name, "web");
  EXPECT_EQ(made[0].container->started_boot_ns, 50 * kSecond + 1);
  EXPECT_THAT(correlator_.TakeMade(), IsEmpty());
}

TEST_F(CorrelatorLifecycleTest, OneStartForOneInit) {
  Begin(Init(100), "web", kSecond);
  FakeProcess again = Init(100);
  again.comm = "exec";
  correlator_.Learn(host_.Exec(again, 2 * kSecond));  // exec in the init
  FakeProcess nested = Init(101);                     // unshare --pid inside the container
  correlator_.Learn(host_.Exec(nested, 3 * kSecond));
  EXPECT_THAT(correlator_.TakeMade(), SizeIs(1));
}

TEST_F(CorrelatorLifecycleTest, TheRuntimeItselfIsNotTheStart) {
  FakeProcess init = Init(100);
  init.comm = "runc";
  init.args = "/usr/bin/runc init";
  Begin(init, "web", kSecond);
  EXPECT_THAT(correlator_.TakeMade(), IsEmpty());
  init.comm = "runc:[2:INIT]";
  init.args = "anything";
  correlator_.Learn(host_.Exec(init, 2 * kSecond));
  EXPECT_THAT(correlator_.TakeMade(), IsEmpty());
  correlator_.Learn(host_.Exec(Init(100), 3 * kSecond));
  EXPECT_THAT(correlator_.TakeMade(), SizeIs(1));
}

TEST_F(CorrelatorLifecycleTest, WhatRanBeforeUsIsNotToldToStart) {
  host_.Start(Init(100));
  WriteState(Init(100), "web");
  Correlator fresh(host_.Options(), &clock_);
  ASSERT_TRUE(fresh.ScanHost().ok());
  EXPECT_THAT(fresh.TakeMade(), IsEmpty());
  fresh.Learn(host_.Exec(Init(100), kSecond));
  EXPECT_THAT(fresh.TakeMade(), IsEmpty());
  fresh.Learn(host_.Exit(Init(100), 5 * kSecond, 3, 0));
  const auto made = fresh.TakeMade();
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].event.kind, EventKind::kContainerExit);
  EXPECT_EQ(std::get<ContainerExit>(made[0].event.detail).exit_code, 3);
}

struct ExitCase {
  const char* cause;
  int code;
  int signal;
  bool oom;
};

TEST_F(CorrelatorLifecycleTest, AnEndIsToldWithItsCause) {
  uint32_t pid = 100;
  for (const ExitCase& c :
       {ExitCase{"exited", 0, 0, false}, ExitCase{"exited", 3, 0, true},
        ExitCase{"signal", 0, SIGKILL, false}, ExitCase{"signal", 0, SIGSEGV, true},
        ExitCase{"oom", 0, SIGKILL, true}}) {
    SCOPED_TRACE(std::string(c.cause) + " " + std::to_string(c.signal));
    const FakeProcess init = Init(++pid);
    Begin(init, "web", pid * kSecond);
    correlator_.TakeMade();
    if (c.oom) correlator_.Observe(host_.Oom(init, pid * kSecond + 5));
    correlator_.Learn(host_.Exit(init, pid * kSecond + 10, c.code, c.signal));
    const auto made = correlator_.TakeMade();
    ASSERT_THAT(made, SizeIs(1));
    EXPECT_EQ(made[0].event.kind, EventKind::kContainerExit);
    const auto& exit = std::get<ContainerExit>(made[0].event.detail);
    EXPECT_EQ(exit.cause, c.cause);
    EXPECT_EQ(exit.exit_code, c.code);
    EXPECT_EQ(exit.signal, c.signal);
    EXPECT_EQ(exit.lifetime_ns,
              static_cast<uint64_t>(pid * kSecond + 10) - made[0].event.process.start_boot_ns);
    ASSERT_NE(made[0].container, nullptr);
    EXPECT_EQ(made[0].container->name, "web");
    EXPECT_EQ(made[0].container->source, "state_file");
    EXPECT_EQ(made[0].container->died_boot_ns, pid * kSecond + 10);
  }
}

TEST_F(CorrelatorLifecycleTest, OtherExitsEndNothing) {
  Begin(Init(100), "web", kSecond);
  correlator_.TakeMade();
  FakeProcess child = Init(100);
  child.pid = 101;
  correlator_.Learn(host_.Exit(child, 2 * kSecond, 0, 0));
  FakeProcess reused = Init(100);
  reused.start_ticks = 99;
  correlator_.Learn(host_.Exit(reused, 3 * kSecond, 0, 0));
  EXPECT_THAT(correlator_.TakeMade(), IsEmpty());
}

TEST_F(CorrelatorLifecycleTest, TheDeadKeepTheirName) {
  const FakeProcess init = Init(100);
  Begin(init, "web", kSecond);
  correlator_.Learn(host_.Exit(init, 2 * kSecond, 0, 0));
  correlator_.Learn(FakeHost::CgroupDied(host_.Cgroup(init.unified), init.unified, 2 * kSecond));
  host_.End(100);
  host_.Remove("docker");
  // Of before the end, but read after it; and of after it.
  EXPECT_EQ(correlator_.Observe(host_.Connect(init, 1'500'000'000)).container->source,
            "state_file");
  const ObservedEvent late = correlator_.Observe(host_.Connect(init, 3 * kSecond));
  ASSERT_NE(late.container, nullptr);
  EXPECT_EQ(late.container->name, "web");
  EXPECT_EQ(late.container->source, "tombstone");
  // From the host into what is left of its network.
  FakeProcess visitor{.pid = 900, .ns = {{NamespaceKind::kNet, 1002}}};
  EXPECT_EQ(correlator_.Observe(host_.Connect(visitor, 3 * kSecond)).container->name, "web");
}

TEST_F(CorrelatorLifecycleTest, TombstonesAreForgotten) {
  const FakeProcess init = Init(100);
  FakeProcess by_cgroup_alone = init;
  by_cgroup_alone.ns.clear();
  const Event event = host_.Connect(by_cgroup_alone, 9'999 * kSecond);
  Begin(init, "web", 9'990 * kSecond);
  correlator_.Learn(host_.Exit(init, 9'995 * kSecond, 0, 0));
  const CgroupKey cgroup = host_.Cgroup(init.unified);
  correlator_.Learn(FakeHost::CgroupDied(cgroup, init.unified, 9'995 * kSecond));
  host_.End(100);
  host_.RemoveCgroup(init.unified);
  correlator_.Reconcile();
  EXPECT_NE(correlator_.Observe(event).container, nullptr);
  EXPECT_THAT(correlator_.inventory()->containers(), SizeIs(1));
  clock_.AdvanceNs(601 * kSecond);
  correlator_.Reconcile();
  EXPECT_EQ(correlator_.Observe(event).container, nullptr);
  EXPECT_THAT(correlator_.inventory()->containers(), IsEmpty());
}

TEST_F(CorrelatorLifecycleTest, FiftyMilliseconds) {
  const FakeProcess init = Init(100);
  const Event born = host_.CgroupBorn(init.unified, kSecond);
  const Event exec = host_.Exec(init, kSecond + 10'000'000);
  const Event connect = host_.Connect(init, kSecond + 20'000'000);
  const Event exit = host_.Exit(init, kSecond + 50'000'000, 1, 0);
  WriteState(init, "brief");
  correlator_.Learn(born);
  correlator_.Learn(exec);
  host_.Remove("docker");  // --rm
  EXPECT_EQ(correlator_.Observe(connect).container->name, "brief");
  correlator_.Learn(exit);
  const auto made = correlator_.TakeMade();
  ASSERT_THAT(made, SizeIs(2));
  EXPECT_EQ(made[0].container->name, "brief");
  EXPECT_EQ(made[1].container->name, "brief");
}

TEST_F(CorrelatorLifecycleTest, ANameThatComesLate) {
  const FakeProcess init = Init(100);
  host_.Start(init);
  correlator_.Learn(host_.CgroupBorn(init.unified, kSecond));
  correlator_.Learn(host_.Exec(init, kSecond + 1));
  const ContainerRef before = correlator_.Observe(host_.Connect(init, kSecond + 2)).container;
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->name, FullId("a").substr(0, 12));
  EXPECT_EQ(before->id, FullId("a"));
  EXPECT_EQ(before->runtime, "docker");
  EXPECT_EQ(before->source, "cgroup");
  EXPECT_TRUE(before->certain);
  EXPECT_THAT(correlator_.TakeContainerChanges(), SizeIs(1));
  WriteState(init, "web");
  // Looked for again with the events that follow, though not with each of them.
  const ContainerRef after = correlator_.Observe(host_.Connect(init, 2 * kSecond)).container;
  EXPECT_EQ(after->name, "web");
  EXPECT_EQ(after->id, FullId("a"));
  EXPECT_EQ(before->name, FullId("a").substr(0, 12));
  const auto changes = correlator_.TakeContainerChanges();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0]->name, "web");
}

TEST_F(CorrelatorLifecycleTest, ANameThatComesAtReconciliation) {
  const FakeProcess init = Init(100);
  host_.Start(init);
  correlator_.Learn(host_.CgroupBorn(init.unified, kSecond));
  correlator_.Learn(host_.Exec(init, kSecond + 1));
  WriteState(init, "web");
  correlator_.TakeContainerChanges();
  correlator_.Reconcile();
  const auto changes = correlator_.TakeContainerChanges();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0]->name, "web");
}

TEST_F(CorrelatorLifecycleTest, ARenameIsNoticed) {
  const FakeProcess init = Init(100);
  Begin(init, "old", kSecond);
  correlator_.Reconcile();
  correlator_.TakeContainerChanges();
  host_.AddDocker(FullId("a"), "new");
  correlator_.Reconcile();
  const auto changes = correlator_.TakeContainerChanges();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0]->name, "new");
  EXPECT_EQ(correlator_.Observe(host_.Connect(init, 9 * kSecond)).container->name, "new");
}

TEST_F(CorrelatorLifecycleTest, ARenameIsNoticedByTheNextEvent) {
  const FakeProcess init = Init(100);
  Begin(init, "old", kSecond);
  const auto name_at = [&](int64_t boot_ns) {
    return correlator_.Observe(host_.Connect(init, boot_ns)).container->name;
  };
  EXPECT_EQ(name_at(9 * kSecond), "old");
  host_.AddDocker(FullId("a"), "new");
  EXPECT_EQ(name_at(9 * kSecond + kSecond / 10), "old") << "the file was looked at a moment ago";
  EXPECT_EQ(name_at(9 * kSecond + kSecond / 4), "new");
}

TEST_F(CorrelatorLifecycleTest, ARestartIsTheSameContainerAndANewStart) {
  const FakeProcess first = Init(100);
  Begin(first, "web", kSecond);
  correlator_.Learn(host_.Exit(first, 2 * kSecond, 0, SIGTERM));
  const CgroupKey cgroup = host_.Cgroup(first.unified);
  correlator_.Learn(FakeHost::CgroupDied(cgroup, first.unified, 2 * kSecond));
  host_.End(100);
  host_.RemoveCgroup(first.unified);
  const FakeProcess second = Init(200);
  Begin(second, "web", 3 * kSecond);
  EXPECT_THAT(correlator_.TakeMade(), SizeIs(3));
  const ContainerRef now = correlator_.Observe(host_.Connect(second, 4 * kSecond)).container;
  ASSERT_NE(now, nullptr);
  EXPECT_EQ(now->name, "web");
  EXPECT_EQ(now->source, "state_file");
  EXPECT_EQ(now->died_boot_ns, 0);
  EXPECT_EQ(now->init.pid, 200u);
  EXPECT_EQ(now->started_boot_ns, 3 * kSecond + 1);
}

TEST_F(CorrelatorLifecycleTest, ADeathThatNobodyTold) {
  const FakeProcess init = Init(100);
  Begin(init, "web", kSecond);
  correlator_.TakeMade();
  correlator_.TakeContainerChanges();
  host_.End(100);
  host_.RemoveCgroup(init.unified);
  clock_.AdvanceNs(kSecond);
  correlator_.Reconcile();
  const auto changes = correlator_.TakeContainerChanges();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_NE(changes[0]->died_boot_ns, 0);
  // The record was only late.
  correlator_.Learn(host_.Exit(init, 2 * kSecond, 7, 0));
  const auto made = correlator_.TakeMade();
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(std::get<ContainerExit>(made[0].event.detail).exit_code, 7);
}

TEST_F(CorrelatorLifecycleTest, AStartThatNobodyTold) {
  const FakeProcess init = Init(100);
  host_.Start(init);
  WriteState(init, "web");
  correlator_.Reconcile();
  const auto made = correlator_.TakeMade();
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].event.kind, EventKind::kContainerStart);
  EXPECT_EQ(made[0].container->name, "web");
  correlator_.Learn(host_.Exec(init, kSecond));  // late
  EXPECT_THAT(correlator_.TakeMade(), IsEmpty());
}

TEST_F(CorrelatorLifecycleTest, AnInodeThatIsReusedNamesNobody) {
  FakeProcess init = Init(100);
  init.ns_id = {{NamespaceKind::kNet, 71}};
  Begin(init, "web", kSecond);
  correlator_.Learn(host_.Exit(init, 2 * kSecond, 0, 0));
  // By id.
  FakeProcess other{.pid = 900,
                    .comm = "test",
                    .ns = {{NamespaceKind::kNet, 1002}},
                    .ns_id = {{NamespaceKind::kNet, 72}}};
  EXPECT_NE(correlator_.Observe(host_.Kill(other, other, 3 * kSecond)).container->runtime,
            "docker");
  // Without ids: by the birth that was seen.
  FakeProcess third{.pid = 901, .comm = "test", .ns = {{NamespaceKind::kMnt, 1000}}};
  const ObservedEvent made =
      correlator_.Observe(host_.Change(third, Operation::kUnshare, 4 * kSecond));
  EXPECT_EQ(made.container, nullptr);
  EXPECT_EQ(made.peer, nullptr);
}

// Before 6.18 a pid namespace has no id, and its inode is at once the next container's. The
// counters of the dead stay theirs, by their cgroup.
TEST_F(CorrelatorLifecycleTest, CountersOfAReusedInodeAreTheCgroupsOwners) {
  Begin(Init(100), "web", kSecond);
  correlator_.Learn(host_.Exit(Init(100), 2 * kSecond, 0, SIGKILL));
  const FakeProcess engine{.pid = 890, .comm = "runc", .ns = ContainerNamespaces(1000)};
  correlator_.Learn(host_.Change(engine, Operation::kClone, 3 * kSecond));
  FakeProcess second = Init(900);
  second.ns = ContainerNamespaces(1000);
  second.unified = second.memory = "/docker/" + FullId("b");
  host_.Start(second);
  correlator_.Learn(host_.CgroupBorn(second.unified, 3 * kSecond));
  host_.AddDocker(FullId("b"), "db");
  host_.AddRuncState("docker/exec/runtime-runc/moby", FullId("b"), second, second.unified);
  correlator_.Learn(host_.Exec(second, 4 * kSecond));
  const auto inventory = correlator_.inventory();
  const auto owner = [&](const CgroupKey& cgroup, NamespaceKind kind) {
    const uint32_t inode = second.ns.at(kind);
    const ContainerRef found = inventory->OwnerOf(cgroup, kind, {inode, inode});
    return found == nullptr ? "nobody" : found->name;
  };
  for (const NamespaceKind kind : {NamespaceKind::kPid, NamespaceKind::kMnt}) {
    EXPECT_EQ(owner(host_.Cgroup("/docker/" + FullId("a")), kind), "web");
    EXPECT_EQ(owner(host_.Cgroup(second.unified), kind), "db");
    EXPECT_EQ(owner(host_.Cgroup("/"), kind), "nobody") << "who came in to one of the two";
  }
}

// A cgroup that nobody remembers, and an inode that somebody has by now.
TEST_F(CorrelatorLifecycleTest, AnInodeAloneNamesNoCounterOfAForgottenCgroup) {
  Begin(Init(100), "web", kSecond);
  const auto inventory = correlator_.inventory();
  const auto owner = [&](const CgroupKey& cgroup, uint64_t id) {
    const ContainerRef found =
        correlator_.OwnerOfCounter(*inventory, cgroup, NamespaceKind::kPid, {1001, id});
    return found == nullptr ? "nobody" : found->name;
  };
  EXPECT_EQ(owner(host_.Cgroup(Init(100).unified), 1001), "web");
  EXPECT_EQ(owner(host_.Cgroup("/"), 1001), "web") << "somebody of the host's who came in";
  EXPECT_EQ(owner({4711, 0}, 1001), "nobody");
}

TEST_F(CorrelatorLifecycleTest, AStateOfAnOldPidNamesNobody) {
  FakeProcess dead{.pid = 700, .start_ticks = 1};
  host_.AddRuncState("runc", "stale", dead, "/stale");
  FakeProcess now{.pid = 700, .ns_pid = 1, .start_ticks = 2, .ns = ContainerNamespaces(7000)};
  host_.Start(now);
  correlator_.Learn(host_.Exec(now, kSecond));
  EXPECT_EQ(correlator_.Observe(host_.Connect(now, kSecond)).container->runtime, "unshare");
  correlator_.Reconcile();
  EXPECT_EQ(correlator_.Observe(host_.Connect(now, kSecond)).container->runtime, "unshare");
}

TEST_F(CorrelatorLifecycleTest, AThousandContainersOverTheLimit) {
  CorrelatorOptions options = host_.Options();
  options.max_containers = 50;
  Correlator small(options, &clock_);
  ASSERT_TRUE(small.ScanHost().ok());
  for (uint32_t i = 0; i < 200; ++i) {
    FakeProcess init = Init(1000 + i);
    init.unified = "/docker/" + FullId(std::to_string(1000 + i));
    small.Learn(host_.CgroupBorn(init.unified, i));
    small.Learn(host_.Exec(init, i));
    if (i >= 25) small.Learn(host_.Exit(init, i, 0, 0));
    ASSERT_LE(small.inventory()->containers().size(), 50u);
  }
  EXPECT_THAT(small.TakeMade(), SizeIs(200 + 175));
}

}  // namespace
}  // namespace nsobs
