// The correlator with runtimes that aren't found by an id in a cgroup's name: what a look at the
// host says of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class CorrelatorRuntimesTest : public testing::Test {
 protected:
  // Of what runs now; by name.
  std::vector<ContainerRef> Look() {
    correlator_ = std::make_unique<Correlator>(host_.Options(), &clock_);
    EXPECT_TRUE(correlator_->ScanHost().ok());
    return correlator_->inventory()->containers();
  }

  FakeHost host_;
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  std::unique_ptr<Correlator> correlator_;
};

TEST_F(CorrelatorRuntimesTest, WhatLiesInAContainerNamesTheOneItLiesIn) {
  const std::string outer = "/docker/" + FullId("a");
  host_.AddDocker(FullId("a"), "kind");
  FakeProcess node{.pid = 100, .ns_pid = 1, .ns = ContainerNamespaces(2000)};
  node.unified = node.memory = outer;
  FakeProcess inner{.pid = 200, .ns_pid = 1, .ns = ContainerNamespaces(3000)};
  inner.unified = inner.memory =
      outer + "/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" + FullId("b") + ".scope";
  host_.Start(node);
  host_.Start(inner);
  const auto containers = Look();
  ASSERT_THAT(containers, SizeIs(2));
  EXPECT_EQ(containers[0]->id, FullId("b"));
  EXPECT_FALSE(containers[0]->certain);
  EXPECT_THAT(containers[0]->parents, ElementsAre(ContainerParent{FullId("a"), "kind", "docker"}));
  EXPECT_EQ(containers[1]->name, "kind");
  EXPECT_THAT(containers[1]->parents, testing::IsEmpty());
}

TEST_F(CorrelatorRuntimesTest, LxcByItsCgroupAndItsConfiguration) {
  host_.Write("lxc/web/config", Fixture("lxc_config"));
  FakeProcess init{.pid = 100, .ns_pid = 1, .ns = ContainerNamespaces(2000)};
  init.unified = init.memory = "/lxc.payload.web";
  host_.Start(init);
  auto containers = Look();
  ASSERT_THAT(containers, SizeIs(1));
  EXPECT_EQ(containers[0]->runtime, "lxc");
  EXPECT_EQ(containers[0]->name, "web");
  EXPECT_EQ(containers[0]->source, "state_file");
  // Without the file the cgroup's name is all there is; a number at its end may be LXC's.
  host_.Remove("lxc");
  containers = Look();
  EXPECT_EQ(containers[0]->source, "cgroup");
  EXPECT_TRUE(containers[0]->certain);
  init.unified = init.memory = "/lxc.payload.web-1";
  host_.Start(init);
  containers = Look();
  EXPECT_EQ(containers[0]->name, "web-1");
  EXPECT_FALSE(containers[0]->certain);
}

TEST_F(CorrelatorRuntimesTest, NspawnWithoutAUnitByItsArguments) {
  host_.Start({.pid = 50, .comm = "systemd-nspawn", .args = "systemd-nspawn -M web -D /srv/w"});
  FakeProcess init{.pid = 100, .parent_pid = 50, .ns_pid = 1, .ns = ContainerNamespaces(2000)};
  init.unified = "/payload";
  host_.Start(init);
  auto containers = Look();
  ASSERT_THAT(containers, SizeIs(1));
  EXPECT_EQ(containers[0]->name, "web");
  EXPECT_EQ(containers[0]->runtime, "nspawn");
  EXPECT_EQ(containers[0]->source, "runtime_args");
  // Anybody may call himself so: only root's arguments are read.
  host_.Start(
      {.pid = 50, .uid = 7, .comm = "systemd-nspawn", .args = "systemd-nspawn -M web -D /srv/w"});
  containers = Look();
  ASSERT_THAT(containers, SizeIs(1));
  EXPECT_EQ(containers[0]->runtime, "unshare");
}

TEST_F(CorrelatorRuntimesTest, OfGvisorTheSandboxIsTheInit) {
  host_.Write("runsc/gv-1_sandbox:gv-1.state", Fixture("runsc_sandbox_state.json"));
  // The helper for files has a pid namespace of its own, and is older.
  FakeProcess gofer{.pid = 2681, .ns_pid = 1, .comm = "exe", .ns = ContainerNamespaces(2000)};
  FakeProcess sandbox{.pid = 2686, .comm = "exe", .ns = {{NamespaceKind::kMnt, 3000}}};
  gofer.memory = sandbox.memory = "/mygroup/gv-1";
  host_.Start(gofer);
  host_.Start(sandbox);
  const auto containers = Look();
  ASSERT_THAT(containers, SizeIs(1));
  EXPECT_EQ(containers[0]->name, "gv-1");
  EXPECT_EQ(containers[0]->runtime, "runsc");
  EXPECT_EQ(containers[0]->init.pid, 2686u);
  EXPECT_THAT(containers[0]->blind_spots, HasSubstr("gVisor"));
}

TEST_F(CorrelatorRuntimesTest, AUnitWithPrivateNamespacesIsNamedAfterTheUnit) {
  FakeProcess unit{.pid = 100, .comm = "nginx", .ns = {{NamespaceKind::kMnt, 2000}}};
  unit.unified = unit.memory = "/system.slice/nginx.service";
  host_.Start(unit);
  // What somebody unshares in the cgroup of a unit is his.
  FakeProcess other{.pid = 200, .parent_pid = 150, .comm = "sleep"};
  other.ns = {{NamespaceKind::kNet, 3000}};
  other.unified = other.memory = "/system.slice/cron.service";
  host_.Start(other);
  const auto containers = Look();
  ASSERT_THAT(containers, SizeIs(2));
  EXPECT_EQ(containers[0]->name, "unit nginx.service");
  EXPECT_EQ(containers[0]->runtime, "systemd");
  EXPECT_EQ(containers[1]->name, "unshare sleep/200");
}

TEST_F(CorrelatorRuntimesTest, ARestartIsAnotherGenerationOfTheSameContainer) {
  const std::string id = FullId("a");
  host_.AddDocker(id, "web");
  FakeProcess init{.pid = 100, .ns_pid = 1, .ns = ContainerNamespaces(2000)};
  init.unified = init.memory = "/docker/" + id;
  host_.Start(init);
  ASSERT_THAT(Look(), SizeIs(1));
  EXPECT_EQ(Look()[0]->generation, 1u);
  correlator_->Learn(host_.Exec(init, 10'001 * kSecond));
  correlator_->Learn(host_.Exit(init, 20'000 * kSecond, 0, 9));
  FakeProcess again = init;
  again.pid = 101;
  again.ns = ContainerNamespaces(4000);
  host_.End(100);
  host_.Start(again);
  correlator_->Learn(host_.Exec(again, 20'001 * kSecond));
  const ContainerRef c = correlator_->Observe(host_.Connect(again, 20'002 * kSecond)).container;
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->name, "web");
  EXPECT_EQ(c->generation, 2u);
}

}  // namespace
}  // namespace nsobs
