// Whose an event is: by cgroup, by namespaces, and when the two disagree.
#include "userspace/correlation/correlator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"

namespace nsobs {
namespace {

using Operation = NamespaceChange::Operation;
using testing::Contains;
using testing::Optional;
using testing::Pair;

std::string NameOf(const ContainerRef& container) {
  return container == nullptr ? "(host)" : container->name;
}

// A host with two docker containers, web (pid 100) and db (pid 200), that ran before us.
class CorrelatorTest : public testing::Test {
 protected:
  CorrelatorTest() {
    StartDocker(web_, "web");
    StartDocker(db_, "db");
    correlator_ = std::make_unique<Correlator>(host_.Options(), &clock_);
    EXPECT_TRUE(correlator_->ScanHost().ok());
  }

  static FakeProcess DockerInit(uint32_t pid) {
    const std::string path = "/docker/" + FullId(std::to_string(pid));
    return {.pid = pid,
            .ns_pid = 1,
            .ns = ContainerNamespaces(pid * 10),
            .unified = path,
            .memory = path};
  }
  void StartDocker(const FakeProcess& init, const std::string& name) {
    const std::string id = FullId(std::to_string(init.pid));
    host_.AddDocker(id, name);
    host_.AddRuncState("docker/exec/runtime-runc/moby", id, init, init.unified);
    host_.Start(init);
  }
  // A process of the host that has only these namespaces of `of`.
  static FakeProcess Visitor(const FakeProcess& of, std::vector<NamespaceKind> kinds) {
    FakeProcess process{.pid = 900, .comm = "nsenter"};
    for (NamespaceKind kind : kinds) process.ns[kind] = of.ns.at(kind);
    return process;
  }

  FakeHost host_;
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  FakeProcess web_ = DockerInit(100);
  FakeProcess db_ = DockerInit(200);
  std::unique_ptr<Correlator> correlator_;
};

TEST_F(CorrelatorTest, AContainersProcess) {
  FakeProcess child = web_;
  child.pid = 101;
  child.ns_pid = 7;
  const ObservedEvent event = correlator_->Observe(host_.Connect(child, 9'000 * kSecond));
  ASSERT_NE(event.container, nullptr);
  EXPECT_EQ(event.container->name, "web");
  EXPECT_EQ(event.container->id, FullId("100"));
  EXPECT_EQ(event.container->runtime, "docker");
  EXPECT_THAT(event.container->image, Optional(std::string("bb:1")));
  EXPECT_THAT(event.container->labels, Contains(Pair("app", "web")));
  EXPECT_EQ(event.container->source, "state_file");
  EXPECT_TRUE(event.container->certain);
  EXPECT_EQ(event.container->cgroup_path, web_.unified);
  EXPECT_EQ(event.container->init.pid, 100u);
  EXPECT_EQ(event.container->namespaces[NamespaceKind::kNet].inode, 1002u);
  EXPECT_EQ(event.container->died_boot_ns, 0);
  EXPECT_FALSE(event.entered);
  EXPECT_EQ(event.entered_from, nullptr);
  EXPECT_EQ(event.peer, nullptr);
  EXPECT_EQ(event.wall_ns, 999'000 * kSecond);
  EXPECT_EQ(event.last_wall_ns, event.wall_ns);
  EXPECT_EQ(event.count, 1u);
}

TEST_F(CorrelatorTest, AProcessOfTheHost) {
  const ObservedEvent event = correlator_->Observe(host_.Connect({.pid = 900}, 1));
  EXPECT_EQ(event.container, nullptr);
  EXPECT_FALSE(event.entered);
}

TEST_F(CorrelatorTest, WhoComesFromTheHostEntered) {
  for (NamespaceKind kind : {NamespaceKind::kMnt, NamespaceKind::kPid, NamespaceKind::kNet,
                             NamespaceKind::kIpc, NamespaceKind::kUts}) {
    SCOPED_TRACE(Name(kind));
    const ObservedEvent event = correlator_->Observe(host_.Connect(Visitor(web_, {kind}), 1));
    EXPECT_EQ(NameOf(event.container), "web");
    EXPECT_TRUE(event.entered);
    EXPECT_EQ(event.entered_from, nullptr);
  }
}

TEST_F(CorrelatorTest, WhoComesFromAnotherContainerEntered) {
  FakeProcess process = web_;
  process.pid = 101;
  process.ns[NamespaceKind::kNet] = db_.ns.at(NamespaceKind::kNet);
  const ObservedEvent event = correlator_->Observe(host_.Connect(process, 1));
  EXPECT_EQ(NameOf(event.container), "db");
  EXPECT_TRUE(event.entered);
  EXPECT_EQ(NameOf(event.entered_from), "web");
}

TEST_F(CorrelatorTest, ExecIntoAContainerIsNoEntry) {
  FakeProcess process = web_;
  process.pid = 101;
  process.ns_pid = 9;
  process.ns.erase(NamespaceKind::kNet);  // on its way: not in all of them yet
  const ObservedEvent event = correlator_->Observe(host_.Connect(process, 1));
  EXPECT_EQ(NameOf(event.container), "web");
  EXPECT_FALSE(event.entered);
}

TEST_F(CorrelatorTest, HostNetworkIsNoEntry) {
  FakeProcess process = web_;
  process.pid = 300;
  process.unified = process.memory = "/docker/" + FullId("300");
  process.ns = {{NamespaceKind::kMnt, 9999}};
  host_.AddDocker(FullId("300"), "hostnet");
  host_.AddRuncState("docker/exec/runtime-runc/moby", FullId("300"), process, process.unified);
  correlator_->Learn(host_.CgroupBorn(process.unified, 1));
  correlator_->Learn(host_.Exec(process, 2));
  const ObservedEvent event = correlator_->Observe(host_.Connect(process, 3));
  EXPECT_EQ(NameOf(event.container), "hostnet");
  EXPECT_FALSE(event.entered);
}

TEST_F(CorrelatorTest, NetworkOfAnotherContainerIsNoEntry) {
  FakeProcess sidecar = DockerInit(300);
  sidecar.ns[NamespaceKind::kNet] = web_.ns.at(NamespaceKind::kNet);
  StartDocker(sidecar, "sidecar");
  correlator_->Learn(host_.CgroupBorn(sidecar.unified, 1));
  correlator_->Learn(host_.Exec(sidecar, 2));
  ObservedEvent event = correlator_->Observe(host_.Connect(sidecar, 3));
  EXPECT_EQ(NameOf(event.container), "sidecar");
  EXPECT_FALSE(event.entered);
  // The one that it joined stays its owner.
  event = correlator_->Observe(host_.Connect(Visitor(web_, {NamespaceKind::kNet}), 4));
  EXPECT_EQ(NameOf(event.container), "web");
  EXPECT_EQ(NameOf(correlator_->Observe(host_.Connect(web_, 5)).container), "web");
}

TEST_F(CorrelatorTest, SetnsNamesTheTarget) {
  const ObservedEvent event = correlator_->Observe(
      host_.Change(Visitor(web_, {NamespaceKind::kNet}), Operation::kSetns, 1));
  EXPECT_EQ(NameOf(event.peer), "web");
  EXPECT_EQ(NameOf(event.container), "web");
  EXPECT_TRUE(event.entered);
  EXPECT_EQ(event.entered_from, nullptr);
}

TEST_F(CorrelatorTest, LeavingForTheHostHasNoTarget) {
  Event change = host_.Change(web_, Operation::kSetns, 1);
  std::get<NamespaceChange>(change.detail).to = HostNamespaces();
  EXPECT_EQ(correlator_->Observe(change).peer, nullptr);
}

TEST_F(CorrelatorTest, TheSenderOfASignal) {
  ObservedEvent event = correlator_->Observe(host_.Kill(db_, web_, 1));
  EXPECT_EQ(NameOf(event.container), "db");
  EXPECT_EQ(NameOf(event.peer), "web");
  event = correlator_->Observe(host_.Kill(db_, {.pid = 900}, 2));
  EXPECT_EQ(event.peer, nullptr);
  event = correlator_->Observe(host_.Kill(db_, Visitor(web_, {NamespaceKind::kPid}), 3));
  EXPECT_EQ(NameOf(event.peer), "web");
  // From interrupt context: nobody's, whatever stands in the rest.
  Event by_nobody = host_.Kill(db_, web_, 4);
  std::get<Signal>(by_nobody.detail).sender.pid = 0;
  EXPECT_EQ(correlator_->Observe(by_nobody).peer, nullptr);
}

TEST_F(CorrelatorTest, AnOomKillHasItsPath) {
  const ObservedEvent event = correlator_->Observe(host_.Oom(web_, 1));
  EXPECT_EQ(NameOf(event.container), "web");
  EXPECT_EQ(std::get<OomKill>(event.event.detail).cgroup_path, web_.memory);
}

TEST_F(CorrelatorTest, ArgumentsComeFromExecs) {
  FakeProcess curl = web_;
  curl.pid = 101;
  curl.ns_pid = 8;
  curl.comm = "curl";
  curl.args = "curl -s db:5432";
  correlator_->Learn(host_.Exec(curl, 1));
  ObservedEvent event = correlator_->Observe(host_.Kill(db_, curl, 2));
  EXPECT_THAT(std::get<Signal>(event.event.detail).sender.exe_args,
              Optional(std::string("curl -s db:5432")));
  EXPECT_EQ(event.event.process.exe_args, std::nullopt) << "ran before us";
  curl.start_ticks = 555;  // the pid again, another process
  event = correlator_->Observe(host_.Connect(curl, 3));
  EXPECT_EQ(event.event.process.exe_args, std::nullopt);
}

TEST_F(CorrelatorTest, SubCgroupsBelongToTheContainer) {
  FakeProcess process = web_;
  process.pid = 101;
  process.unified += "/init.scope";
  correlator_->Learn(host_.CgroupBorn(process.unified, 1));
  EXPECT_EQ(NameOf(correlator_->Observe(host_.Connect(process, 2)).container), "web");
}

TEST_F(CorrelatorTest, ACgroupWhoseBirthWasLostIsLookedUp) {
  FakeProcess late = DockerInit(300);
  StartDocker(late, "late");
  EXPECT_EQ(NameOf(correlator_->Observe(host_.Connect(late, 2)).container), "late");
  FakeProcess other = DockerInit(400);
  StartDocker(other, "other");
  other.start_ticks = 9;  // the pid is another process's by now
  EXPECT_NE(NameOf(correlator_->Observe(host_.Connect(other, 3)).container), "other");
}

TEST_F(CorrelatorTest, PodMatesAreAtHome) {
  const std::string pod = "/libpod_parent/" + FullId("d");
  FakeProcess infra = DockerInit(500);
  infra.unified = infra.memory = pod + "/libpod-" + FullId("500");
  FakeProcess app = DockerInit(600);
  app.unified = app.memory = pod + "/libpod-" + FullId("600");
  for (NamespaceKind kind : {NamespaceKind::kNet, NamespaceKind::kIpc, NamespaceKind::kUts}) {
    app.ns[kind] = infra.ns.at(kind);
  }
  host_.AddPodman({{FullId("500"), "d000-infra"}, {FullId("600"), "app"}});
  host_.AddRuncState("runc", FullId("500"), infra, infra.unified);
  host_.AddRuncState("runc", FullId("600"), app, app.unified);
  for (const FakeProcess& init : {infra, app}) {
    host_.Start(init);
    correlator_->Learn(host_.CgroupBorn(init.unified, 1));
    correlator_->Learn(host_.Exec(init, 2));
  }
  ObservedEvent event = correlator_->Observe(host_.Connect(app, 3));
  EXPECT_EQ(NameOf(event.container), "app");
  EXPECT_EQ(event.container->runtime, "podman");
  EXPECT_THAT(event.container->pod, Optional(FullId("d").substr(0, 12)));
  EXPECT_FALSE(event.entered);
  // `podman exec` by way of the infra container's mount namespace: still the same pod.
  FakeProcess mixed = app;
  mixed.pid = 601;
  mixed.ns[NamespaceKind::kMnt] = infra.ns.at(NamespaceKind::kMnt);
  EXPECT_FALSE(correlator_->Observe(host_.Connect(mixed, 4)).entered);
  // From outside, the pod's network is the infra container's.
  event = correlator_->Observe(host_.Connect(Visitor(app, {NamespaceKind::kNet}), 5));
  EXPECT_EQ(NameOf(event.container), "d000-infra");
  EXPECT_TRUE(event.entered);
}

TEST_F(CorrelatorTest, ContainersWithoutACgroupOfTheirOwn) {
  FakeProcess init{.pid = 700, .ns_pid = 1, .ns = ContainerNamespaces(7000)};
  host_.AddCrunStatus("solo", init, "");
  host_.Start(init);
  correlator_->Learn(host_.Exec(init, 2));
  ObservedEvent event = correlator_->Observe(host_.Connect(init, 3));
  ASSERT_EQ(NameOf(event.container), "solo");
  EXPECT_EQ(event.container->runtime, "crun");
  EXPECT_FALSE(event.entered);
  // nsenter --net is in its network, but not in its pid namespace.
  event = correlator_->Observe(host_.Connect(Visitor(init, {NamespaceKind::kNet}), 4));
  EXPECT_EQ(NameOf(event.container), "solo");
  EXPECT_TRUE(event.entered);
}

TEST_F(CorrelatorTest, CrunIsKnownByItsMemoryCgroup) {
  FakeProcess init{
      .pid = 700, .ns_pid = 1, .ns = ContainerNamespaces(7000), .memory = "/raw-crun-1"};
  host_.AddCrunStatus("raw-crun-1", init, "/raw-crun-1");
  correlator_->Learn(host_.CgroupBorn("/raw-crun-1", 1, kMemoryHierarchy));
  correlator_->Learn(host_.Exec(init, 2));
  FakeProcess child{.pid = 701, .ns_pid = 2, .memory = "/raw-crun-1"};
  EXPECT_EQ(NameOf(correlator_->Observe(host_.Connect(child, 3)).container), "raw-crun-1");
}

TEST_F(CorrelatorTest, RuncWithAPathOfAnyForm) {
  FakeProcess init{.pid = 700,
                   .ns_pid = 1,
                   .ns = ContainerNamespaces(7000),
                   .unified = "/mygrp2/foo-bar",
                   .memory = "/mygrp2/foo-bar"};
  correlator_->Learn(host_.CgroupBorn("/mygrp2/foo-bar", 1));
  host_.AddRuncState("runc", "raw-runc-1", init, "/mygrp2/foo-bar");
  host_.Start(init);
  correlator_->Learn(host_.Exec(init, 2));
  FakeProcess child = init;
  child.pid = 701;
  child.ns_pid = 2;
  child.unified += "/sub";
  // Its cgroup isn't known yet: by its namespaces, and no alarm.
  ObservedEvent event = correlator_->Observe(host_.Connect(child, 3));
  EXPECT_EQ(NameOf(event.container), "raw-runc-1");
  EXPECT_FALSE(event.entered);
  correlator_->Learn(host_.CgroupBorn(child.unified, 4));
  child.ns.clear();
  event = correlator_->Observe(host_.Connect(child, 5));
  ASSERT_EQ(NameOf(event.container), "raw-runc-1");
  EXPECT_EQ(event.container->runtime, "runc");
  EXPECT_EQ(event.container->cgroup_path, "/mygrp2/foo-bar");
  EXPECT_FALSE(event.entered);
}

TEST_F(CorrelatorTest, CtrNamesByNamespaceAndId) {
  FakeProcess init = DockerInit(700);
  init.unified = init.memory = "/default/ctr-web-1";
  host_.Write("ctd/io.containerd.runtime.v2.task/default/ctr-web-1/config.json",
              Fixture("ctr_config.json"));
  correlator_->Learn(host_.CgroupBorn(init.unified, 1));
  correlator_->Learn(host_.Exec(init, 2));
  const ObservedEvent event = correlator_->Observe(host_.Connect(init, 3));
  ASSERT_EQ(NameOf(event.container), "ctr-web-1");
  EXPECT_EQ(event.container->runtime, "containerd");
  EXPECT_THAT(event.container->labels, Contains(Pair("app", "ctrweb")));
}

TEST_F(CorrelatorTest, MonitorsAreTheHosts) {
  host_.Cgroup("/libpod_parent/conmon");
  const FakeProcess conmon{.pid = 700, .comm = "conmon", .unified = "/libpod_parent/conmon"};
  host_.Start(conmon);
  EXPECT_EQ(correlator_->Observe(host_.Connect(conmon, 1)).container, nullptr);
}

}  // namespace
}  // namespace nsobs
