// Owners that are no containers, namespaces over time, and the inventory that other threads see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

using Operation = NamespaceChange::Operation;
using testing::IsEmpty;
using testing::SizeIs;

class CorrelatorPlainTest : public testing::Test {
 protected:
  CorrelatorPlainTest() {
    EXPECT_TRUE(correlator_.ScanHost().ok());  // before all that happens
    clock_.AdvanceNs(10'000 * kSecond);
  }

  // unshare --mount --uts --ipc --net --pid --fork: the parent (pid 800) makes the namespaces, the
  // child (pid 801) runs the program.
  static FakeProcess Parent() {
    FakeProcess process{.pid = 800, .comm = "unshare", .ns = ContainerNamespaces(8000)};
    return process;
  }
  static FakeProcess Child() {
    return {.pid = 801,
            .parent_pid = 800,
            .ns_pid = 1,
            .comm = "sleep",
            .ns = ContainerNamespaces(8000),
            .args = "sleep 4242"};
  }
  static FakeProcess ParentAsItIs() {
    FakeProcess process = Parent();
    process.ns.erase(NamespaceKind::kPid);  // only its children are in the new one
    return process;
  }
  const NamespaceRecord* Find(NamespaceKind kind, uint32_t inode) {
    inventory_ = correlator_.inventory();
    for (const NamespaceRecord& record : inventory_->namespaces()) {
      if (record.kind == kind && record.identity.inode == inode) return &record;
    }
    return nullptr;
  }

  FakeHost host_;
  FakeClock clock_{0, 990'000 * kSecond};
  Correlator correlator_{host_.Options(), &clock_};
  std::shared_ptr<const Inventory> inventory_;
};

TEST_F(CorrelatorPlainTest, Unshare) {
  const ObservedEvent made =
      correlator_.Observe(host_.Change(Parent(), Operation::kUnshare, kSecond));
  EXPECT_EQ(made.container, nullptr) << "who makes them is still of the host";
  EXPECT_EQ(made.peer, nullptr);
  correlator_.Learn(host_.Exec(Child(), 2 * kSecond));
  const auto events = correlator_.TakeMade();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].event.kind, EventKind::kContainerStart);
  const ContainerRef owner = events[0].container;
  ASSERT_NE(owner, nullptr);
  EXPECT_EQ(owner->name, "unshare sleep/801");
  EXPECT_EQ(owner->id, "mnt:[8000]");
  EXPECT_EQ(owner->runtime, "unshare");
  EXPECT_EQ(owner->source, "namespace");
  EXPECT_EQ(owner->cgroup_path, "");
  EXPECT_EQ(owner->init.pid, 801u);
  for (const FakeProcess& process : {Child(), ParentAsItIs()}) {
    const ObservedEvent event = correlator_.Observe(host_.Connect(process, 3 * kSecond));
    ASSERT_NE(event.container, nullptr);
    EXPECT_EQ(event.container->name, "unshare sleep/801");
    EXPECT_FALSE(event.entered);
  }
  correlator_.Learn(host_.Exit(Child(), 4 * kSecond, 0, 9));
  const auto ended = correlator_.TakeMade();
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(std::get<ContainerExit>(ended[0].event.detail).cause, "signal");
}

TEST_F(CorrelatorPlainTest, UnshareThatWasThereBefore) {
  host_.Start(ParentAsItIs());
  host_.Start(Child());
  Correlator fresh(host_.Options(), &clock_);
  ASSERT_TRUE(fresh.ScanHost().ok());
  const ObservedEvent event = fresh.Observe(host_.Connect(Child(), kSecond));
  ASSERT_NE(event.container, nullptr);
  EXPECT_EQ(event.container->name, "unshare sleep/801");
  EXPECT_THAT(fresh.inventory()->containers(), SizeIs(1));
  EXPECT_THAT(fresh.TakeMade(), IsEmpty());
}

TEST_F(CorrelatorPlainTest, WithoutPidNamespaceThereIsNoStart) {
  FakeProcess bash{.pid = 800, .comm = "unshare", .ns = {{NamespaceKind::kNet, 8000}}};
  correlator_.Observe(host_.Change(bash, Operation::kUnshare, kSecond));
  bash.comm = "bash";
  correlator_.Learn(host_.Exec(bash, 2 * kSecond));
  EXPECT_THAT(correlator_.TakeMade(), IsEmpty());
  EXPECT_EQ(correlator_.Observe(host_.Connect(bash, 3 * kSecond)).container->name,
            "unshare bash/800");
}

TEST_F(CorrelatorPlainTest, AForkedInitThatNeverRunsAProgram) {
  const FakeProcess child{.pid = 801, .ns_pid = 1, .comm = "test", .ns = ContainerNamespaces(8000)};
  correlator_.Observe(host_.Change(Parent(), Operation::kClone, kSecond));
  EXPECT_EQ(correlator_.Observe(host_.Kill(child, {.pid = 5}, 2 * kSecond)).container->name,
            "unshare test/801");
}

TEST_F(CorrelatorPlainTest, TheNamespacesOfAContainersProcessAreTheContainers) {
  const std::string path = "/docker/" + FullId("a");
  FakeProcess init{.pid = 100, .ns_pid = 1, .ns = ContainerNamespaces(5000), .unified = path};
  host_.AddDocker(FullId("a"), "web");
  correlator_.Learn(host_.CgroupBorn(path, 1));
  correlator_.Learn(host_.Exec(init, 2));
  FakeProcess inner = init;
  inner.pid = 101;
  inner.ns[NamespaceKind::kNet] = 6000;
  correlator_.Learn(host_.Change(inner, Operation::kUnshare, 3));
  const NamespaceRecord* record = Find(NamespaceKind::kNet, 6000);
  ASSERT_NE(record, nullptr);
  ASSERT_THAT(record->owners, SizeIs(1));
  EXPECT_EQ(record->owners[0]->name, "web");
  const ObservedEvent event = correlator_.Observe(host_.Connect(inner, 4));
  EXPECT_EQ(event.container->name, "web");
  EXPECT_FALSE(event.entered);
}

TEST_F(CorrelatorPlainTest, WhatAnEngineMakesWaitsForItsContainer) {
  FakeProcess runc{.pid = 800, .comm = "runc:[1:CHILD]", .ns = ContainerNamespaces(8000)};
  EXPECT_EQ(correlator_.Observe(host_.Change(runc, Operation::kUnshare, 1)).peer, nullptr);
  EXPECT_EQ(correlator_.Observe(host_.Kill(runc, runc, 2)).container, nullptr);
  EXPECT_THAT(correlator_.TakeContainerChanges(), IsEmpty());
  FakeProcess init{.pid = 801,
                   .ns_pid = 1,
                   .ns = ContainerNamespaces(8000),
                   .unified = "/docker/" + FullId("a")};
  host_.AddDocker(FullId("a"), "web");
  correlator_.Learn(host_.CgroupBorn(init.unified, 3));
  correlator_.Learn(host_.Exec(init, 4));
  const auto changes = correlator_.TakeContainerChanges();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0]->name, "web");
  // Now its setns has a target.
  FakeProcess visitor{.pid = 900, .comm = "nsenter", .ns = {{NamespaceKind::kNet, 8002}}};
  EXPECT_EQ(correlator_.Observe(host_.Change(visitor, Operation::kSetns, 5)).peer->name, "web");
}

TEST_F(CorrelatorPlainTest, AContainerWhoseStateComesLateReplacesTheGuess) {
  FakeProcess crun{.pid = 800, .comm = "crun", .ns = ContainerNamespaces(8000)};
  FakeProcess init{.pid = 801, .ns_pid = 1, .ns = ContainerNamespaces(8000)};
  correlator_.Learn(host_.Change(crun, Operation::kClone, 1));
  correlator_.Learn(host_.Exec(init, kSecond));
  const ContainerRef guess = correlator_.Observe(host_.Connect(init, kSecond)).container;
  EXPECT_EQ(guess->runtime, "unknown");
  EXPECT_EQ(guess->name, "unknown mnt:[8000]");
  EXPECT_FALSE(guess->certain);
  host_.AddCrunStatus("late", init, "");
  EXPECT_EQ(correlator_.Observe(host_.Connect(init, 3 * kSecond)).container->name, "late");
  const auto made = correlator_.TakeMade();
  ASSERT_THAT(made, SizeIs(1)) << "one start, under the better name";
  EXPECT_EQ(made[0].container->name, "late");
  int alive = 0;
  const auto inventory = correlator_.inventory();
  for (const ContainerRef& container : inventory->containers()) {
    alive += container->died_boot_ns == 0;
  }
  EXPECT_EQ(alive, 1);
}

TEST_F(CorrelatorPlainTest, WhatARuntimeStartedAndNobodyListsIsNamedAfterItsProcessInTheEnd) {
  FakeProcess crun{.pid = 800, .comm = "crun", .ns = ContainerNamespaces(8000)};
  FakeProcess init{.pid = 801, .ns_pid = 1, .comm = "sh", .ns = ContainerNamespaces(8000)};
  correlator_.Learn(host_.Change(crun, Operation::kClone, 1));
  correlator_.Learn(host_.Exec(init, 2));
  EXPECT_EQ(correlator_.Observe(host_.Connect(init, 3)).container->name, "unknown mnt:[8000]");
  const ContainerRef bare = correlator_.Observe(host_.Connect(init, 3 * kSecond)).container;
  EXPECT_EQ(bare->name, "unshare sh/801");
  EXPECT_EQ(bare->runtime, "unshare");
  EXPECT_FALSE(bare->certain);
}

TEST_F(CorrelatorPlainTest, WhatWasThereBeforeAnybodyLookedIsNobodysIfItsOwnerIsGone) {
  Correlator fresh(host_.Options(), &clock_);
  ASSERT_TRUE(fresh.ScanHost().ok());  // at 10,000 s; a predecessor's records are older
  const FakeProcess gone{.pid = 900, .comm = "nc", .ns = ContainerNamespaces(9000)};
  const ContainerRef nobody = fresh.Observe(host_.Connect(gone, 9'000 * kSecond)).container;
  ASSERT_NE(nobody, nullptr);
  EXPECT_EQ(nobody->name, "unknown mnt:[9000]");
  EXPECT_EQ(nobody->runtime, "unknown");
  EXPECT_FALSE(nobody->certain) << "it may have been a container";

  fresh.Observe(host_.Change(Parent(), Operation::kUnshare, 9'001 * kSecond));
  fresh.Learn(host_.Exec(Child(), 9'002 * kSecond));
  const ContainerRef seen = fresh.Observe(host_.Connect(Child(), 9'003 * kSecond)).container;
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->runtime, "unshare") << "its birth is on record";

  FakeProcess later = gone;
  later.ns = ContainerNamespaces(9100);
  EXPECT_EQ(fresh.Observe(host_.Connect(later, 10'001 * kSecond)).container->runtime, "unshare");
}

TEST_F(CorrelatorPlainTest, AnEngineInANetnsIsNotInItsContainers) {
  const FakeProcess engine{.pid = 50, .comm = "dockerd", .ns = {{NamespaceKind::kNet, 8888}}};
  correlator_.Learn(host_.Exec(engine, 1));
  FakeProcess init{.pid = 100,
                   .ns_pid = 1,
                   .ns = ContainerNamespaces(5000),
                   .unified = "/docker/" + FullId("a")};
  init.ns[NamespaceKind::kNet] = 8888;  // --network host, which is the engine's
  host_.AddDocker(FullId("a"), "web");
  correlator_.Learn(host_.CgroupBorn(init.unified, 2));
  correlator_.Learn(host_.Exec(init, 3));
  const ObservedEvent of_engine = correlator_.Observe(host_.Connect(engine, 4));
  EXPECT_EQ(of_engine.container->name, "unshare dockerd/50");
  EXPECT_FALSE(of_engine.entered);
  const ObservedEvent of_container = correlator_.Observe(host_.Connect(init, 5));
  EXPECT_EQ(of_container.container->name, "web");
  EXPECT_FALSE(of_container.entered);
}

TEST_F(CorrelatorPlainTest, NamespaceChangesAreReported) {
  correlator_.TakeNamespaceChanges();
  FakeProcess bash{.pid = 800,
                   .uid = 7,
                   .comm = "bash",
                   .ns = {{NamespaceKind::kNet, 8000}},
                   .ns_id = {{NamespaceKind::kNet, 55}}};
  correlator_.Learn(host_.Change(bash, Operation::kUnshare, 5 * kSecond));
  auto changes = correlator_.TakeNamespaceChanges();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].kind, NamespaceKind::kNet);
  EXPECT_EQ(changes[0].identity, (NamespaceIdentity{8000, 55}));
  EXPECT_EQ(changes[0].born_boot_ns, 5 * kSecond);
  EXPECT_EQ(changes[0].died_boot_ns, 0);
  EXPECT_EQ(changes[0].some_comm, "bash");
  EXPECT_EQ(changes[0].some_process.pid, 800u);
  EXPECT_EQ(changes[0].uid, 7u);
  EXPECT_FALSE(changes[0].is_host);
  EXPECT_THAT(changes[0].owners, IsEmpty());
  correlator_.Learn(host_.Exec(bash, 6 * kSecond));
  changes = correlator_.TakeNamespaceChanges();
  ASSERT_THAT(changes, SizeIs(1));
  ASSERT_THAT(changes[0].owners, SizeIs(1));
  EXPECT_EQ(changes[0].owners[0]->name, "unshare bash/800");
  correlator_.Reconcile();  // nobody is in it
  changes = correlator_.TakeNamespaceChanges();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].died_boot_ns, 10'000 * kSecond);
  EXPECT_THAT(correlator_.TakeNamespaceChanges(), IsEmpty());
}

TEST_F(CorrelatorPlainTest, FailedChangesMakeNothing) {
  Event failed = host_.Change(Parent(), Operation::kUnshare, 1);
  std::get<NamespaceChange>(failed.detail).error = 1;
  correlator_.Learn(failed);
  EXPECT_EQ(Find(NamespaceKind::kNet, 8002), nullptr);
}

TEST_F(CorrelatorPlainTest, AMountedNamespaceLivesWithoutProcesses) {
  const FakeProcess bash{.pid = 800, .comm = "bash", .ns = {{NamespaceKind::kNet, 8000}}};
  host_.Start(bash);
  correlator_.Reconcile();
  host_.End(800);
  host_.Write("proc/self/mountinfo",
              "99 1 0:4 net:[8000] /run/netns/x rw shared:9 - nsfs nsfs rw\n");
  clock_.AdvanceNs(kSecond);
  correlator_.Reconcile();
  ASSERT_NE(Find(NamespaceKind::kNet, 8000), nullptr);
  EXPECT_EQ(Find(NamespaceKind::kNet, 8000)->process_count, 0u);
  host_.Write("proc/self/mountinfo", "");
  clock_.AdvanceNs(kSecond);
  correlator_.Reconcile();
  EXPECT_EQ(Find(NamespaceKind::kNet, 8000), nullptr);
}

TEST_F(CorrelatorPlainTest, TheInventoryShowsTheHost) {
  correlator_.Reconcile();
  const auto inventory = correlator_.inventory();
  ASSERT_THAT(inventory->namespaces(), SizeIs(8));
  for (size_t i = 0; i < 8; ++i) {
    const NamespaceRecord& record = inventory->namespaces()[i];
    EXPECT_EQ(record.kind, kNamespaceKinds[i]);
    EXPECT_TRUE(record.is_host);
    EXPECT_EQ(record.process_count, 1u);
    EXPECT_EQ(record.identity, HostNamespaces()[record.kind]);
  }
}

TEST_F(CorrelatorPlainTest, TheInventoryIsMadeAnewOnlyAfterAChange) {
  const auto first = correlator_.inventory();
  EXPECT_EQ(correlator_.inventory(), first);
  correlator_.Observe(host_.Connect({.pid = 900}, 1));
  EXPECT_EQ(correlator_.inventory(), first);
  correlator_.Learn(host_.Change(Parent(), Operation::kUnshare, 2));
  EXPECT_NE(correlator_.inventory(), first);
}

// The counters' owner must be the events' container, as far as the key tells.
TEST_F(CorrelatorPlainTest, CountersAndEventsAgree) {
  std::vector<FakeProcess> processes = {{.pid = 900}};
  for (uint32_t i : {1, 2}) {
    const std::string id = FullId(std::to_string(i));
    FakeProcess init{.pid = 100 * i,
                     .ns_pid = 1,
                     .ns = ContainerNamespaces(5000 + 100 * i),
                     .unified = "/docker/" + id,
                     .memory = "/docker/" + id};
    init.ns_id = {{NamespaceKind::kNet, 70 + i}, {NamespaceKind::kPid, 80 + i}};
    host_.AddDocker(id, "c" + std::to_string(i));
    correlator_.Learn(host_.CgroupBorn(init.unified, 1));
    correlator_.Learn(host_.Exec(init, 2));
    processes.push_back(init);
    FakeProcess visitor{.pid = 900 + i};
    visitor.ns[NamespaceKind::kNet] = init.ns[NamespaceKind::kNet];
    visitor.ns_id[NamespaceKind::kNet] = init.ns_id[NamespaceKind::kNet];
    processes.push_back(visitor);
    visitor.unified = "/docker/" + FullId("1");  // at home in 1, a visitor in 2
    processes.push_back(visitor);
  }
  correlator_.Learn(host_.Change(Parent(), Operation::kUnshare, 3));
  correlator_.Learn(host_.Exec(Child(), 4));
  processes.push_back(Child());
  processes.push_back(ParentAsItIs());
  const auto inventory = correlator_.inventory();
  for (const FakeProcess& fake : processes) {
    SCOPED_TRACE(fake.pid);
    const Process process = host_.ToProcess(fake);
    const auto owner = [&](NamespaceKind kind) {
      return inventory->OwnerOf(process.cgroup, kind, process.namespaces[kind]);
    };
    EXPECT_EQ(owner(NamespaceKind::kNet), correlator_.Observe(host_.Connect(fake, 9)).container);
    if (!fake.ns.contains(NamespaceKind::kPid)) continue;
    EXPECT_EQ(owner(NamespaceKind::kPid), correlator_.Observe(host_.Kill(fake, fake, 9)).container);
  }
}

TEST_F(CorrelatorPlainTest, KeysOfCountersRepeatTheInodeWhereThereIsNoId) {
  correlator_.Learn(host_.Change(Parent(), Operation::kUnshare, 3));
  correlator_.Learn(host_.Exec(Child(), 4));
  const auto inventory = correlator_.inventory();
  const CgroupKey root = host_.Cgroup("/");
  EXPECT_EQ(inventory->OwnerOf(root, NamespaceKind::kNet, {8002, 8002})->name, "unshare sleep/801");
  EXPECT_EQ(inventory->OwnerOf(root, NamespaceKind::kNet, {8003, 0}), nullptr);
}

}  // namespace
}  // namespace nsobs
