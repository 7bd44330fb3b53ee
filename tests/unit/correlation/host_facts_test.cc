// Zombies and namespaces that outlive their container.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

class HostFactsTest : public testing::Test {
 protected:
  HostFactsTest() {
    init_ = {.pid = 100,
             .ns_pid = 1,
             .ns = ContainerNamespaces(1100),
             .unified = "/docker/" + FullId("a"),
             .memory = "/docker/" + FullId("a"),
             .args = "/bin/server"};
    host_.Start(init_);
    host_.AddDocker(FullId("a"), "web");
    EXPECT_TRUE(correlator_.ScanHost().ok());
  }
  HostFacts Look() {
    correlator_.Reconcile();
    return correlator_.TakeHostFacts();
  }

  FakeHost host_;
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  Correlator correlator_{host_.Options(), &clock_};
  FakeProcess init_;
};

TEST_F(HostFactsTest, NothingWrong) { EXPECT_TRUE(Look().empty()); }

TEST_F(HostFactsTest, ZombiesAreCountedByTheirParent) {
  for (uint32_t pid : {201, 202, 203}) {
    host_.Start({.pid = pid, .parent_pid = 100, .ns = init_.ns, .state = 'Z'});
  }
  host_.Start({.pid = 210, .parent_pid = 1, .state = 'Z'});
  host_.Start({.pid = 211, .parent_pid = 999, .state = 'Z'});  // a parent that ended meanwhile
  const HostFacts facts = Look();
  ASSERT_EQ(facts.zombies.size(), 2u);
  EXPECT_EQ(facts.zombies[0].zombies, 3u);
  EXPECT_EQ(facts.zombies[0].parent.pid, 100u);
  EXPECT_EQ(facts.zombies[0].parent.namespaces[NamespaceKind::kPid].inode, 1101u);
  ASSERT_NE(facts.zombies[0].container, nullptr);
  EXPECT_EQ(facts.zombies[0].container->name, "web");
  EXPECT_EQ(facts.zombies[1].zombies, 1u);
  EXPECT_EQ(facts.zombies[1].container, nullptr);
  EXPECT_TRUE(correlator_.TakeHostFacts().empty()) << "told once for each look";
  for (uint32_t pid : {201, 202, 203, 210, 211}) host_.End(pid);
  EXPECT_TRUE(Look().empty());
}

TEST_F(HostFactsTest, ANamespaceThatOutlivesItsContainer) {
  // A process of the host stays in the network.
  const FakeProcess stray{.pid = 300, .ns = {{NamespaceKind::kNet, 1102}}};
  host_.Start(stray);
  EXPECT_TRUE(Look().empty());
  const int64_t died = clock_.BootNs();
  host_.End(100);
  host_.RemoveCgroup(init_.unified);
  EXPECT_TRUE(Look().empty()) << "an engine takes a moment";
  clock_.AdvanceNs(11 * kSecond);
  const HostFacts facts = Look();
  ASSERT_EQ(facts.leaked.size(), 1u);
  EXPECT_EQ(facts.leaked[0].kind, NamespaceKind::kNet);
  EXPECT_EQ(facts.leaked[0].identity.inode, 1102u);
  EXPECT_EQ(facts.leaked[0].dead_owner->name, "web");
  EXPECT_EQ(facts.leaked[0].died_boot_ns, died);
  EXPECT_EQ(facts.leaked[0].process_count, 1u);
  EXPECT_FALSE(facts.leaked[0].bind_mounted);
  EXPECT_EQ(facts.leaked[0].holder.pid, 300u);
  host_.End(300);
  EXPECT_TRUE(Look().empty());
}

TEST_F(HostFactsTest, AMountHoldsANamespaceToo) {
  host_.Write("proc/self/mountinfo",
              "47 23 0:4 net:[1102] /run/netns/left rw shared:1 - nsfs nsfs rw\n");
  host_.End(100);
  host_.RemoveCgroup(init_.unified);
  Look();
  clock_.AdvanceNs(11 * kSecond);
  const HostFacts facts = Look();
  ASSERT_EQ(facts.leaked.size(), 1u);
  EXPECT_EQ(facts.leaked[0].process_count, 0u);
  EXPECT_TRUE(facts.leaked[0].bind_mounted);
  EXPECT_EQ(facts.leaked[0].mount_point, "/run/netns/left");
  EXPECT_EQ(facts.leaked[0].holder.pid, 0u);
}

}  // namespace
}  // namespace nsobs
