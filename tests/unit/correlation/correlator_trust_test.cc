// Who lies about being a container: directories, ids and arguments that others chose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

class CorrelatorTrustTest : public testing::Test {
 protected:
  CorrelatorTrustTest() { EXPECT_TRUE(correlator_.ScanHost().ok()); }

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
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  Correlator correlator_{host_.Options(), &clock_};
};

TEST_F(CorrelatorTrustTest, WhoeverMakesADirectoryIsNotBelieved) {
  const FakeProcess init = Init(100);
  Begin(init, "web", kSecond);
  // A user makes a cgroup that bears the id of root's container.
  FakeProcess liar = Init(300);
  liar.unified = liar.memory = "/user.slice/user-1000.slice/docker-" + FullId("a") + ".scope";
  liar.ns.clear();
  correlator_.Learn(host_.CgroupBorn(liar.unified, 2 * kSecond));
  EXPECT_EQ(correlator_.Observe(host_.Connect(liar, 3 * kSecond)).container, nullptr);
  EXPECT_EQ(correlator_.Observe(host_.Connect(init, 3 * kSecond)).container->name, "web");
}

// A directory of cgroups that root gave to a user: nothing in it is root's.
TEST_F(CorrelatorTrustTest, WhatAUserMakesInHisCgroupsIsHis) {
  if (getuid() != 0) GTEST_SKIP() << "needs root, to give a directory away";
  host_.AddDocker(FullId("a"), "payroll");
  FakeProcess liar = Init(300);
  liar.unified = liar.memory = "/given/docker-" + FullId("a") + ".scope";
  liar.ns.clear();
  host_.Start(liar);
  for (const char* mount : {"cgroup/unified/given", "cgroup/memory/given"}) {
    ASSERT_EQ(chown(host_.Path(mount).c_str(), 65533, 65533), 0);
  }
  correlator_.Learn(host_.CgroupBorn(liar.unified, kSecond));
  const ContainerRef his = correlator_.Observe(host_.Connect(liar, 2 * kSecond)).container;
  ASSERT_NE(his, nullptr);
  EXPECT_NE(his->name, "payroll");
  // Root's own comes later and is not mixed up with it.
  const FakeProcess init = Init(100);
  Begin(init, "payroll", 3 * kSecond);
  EXPECT_EQ(correlator_.Observe(host_.Connect(init, 4 * kSecond)).container->name, "payroll");
  EXPECT_NE(correlator_.Observe(host_.Connect(liar, 5 * kSecond)).container->name, "payroll");
}

TEST_F(CorrelatorTrustTest, ALieThatCameFirstIsFoundOut) {
  FakeProcess liar = Init(300);
  liar.unified = liar.memory = "/user.slice/user-1000.slice/docker-" + FullId("a") + ".scope";
  liar.ns.clear();
  correlator_.Learn(host_.CgroupBorn(liar.unified, kSecond));
  const FakeProcess init = Init(100);
  Begin(init, "web", 2 * kSecond);
  EXPECT_EQ(correlator_.Observe(host_.Connect(init, 3 * kSecond)).container->name, "web");
  EXPECT_EQ(correlator_.Observe(host_.Connect(liar, 3 * kSecond)).container, nullptr);
}

TEST_F(CorrelatorTrustTest, AContainerCannotPassForAnother) {
  const FakeProcess web = Init(100);
  Begin(web, "web", kSecond);
  FakeProcess evil = Init(300);
  evil.unified = evil.memory = "/docker/" + FullId("e");
  host_.AddDocker(FullId("e"), "evil");
  host_.AddRuncState("docker/exec/runtime-runc/moby", FullId("e"), evil, evil.unified);
  host_.Start(evil);
  correlator_.Learn(host_.CgroupBorn(evil.unified, 2 * kSecond));
  correlator_.Learn(host_.Exec(evil, 2 * kSecond + 1));
  evil.pid = 301;
  evil.unified += "/docker-" + FullId("a") + ".scope";
  correlator_.Learn(host_.CgroupBorn(evil.unified, 3 * kSecond));
  EXPECT_EQ(correlator_.Observe(host_.Connect(evil, 4 * kSecond)).container->name, "evil");
}

TEST_F(CorrelatorTrustTest, AContainerInAContainerIsAGuess) {
  const FakeProcess outer = Init(100);
  Begin(outer, "dind", kSecond);
  FakeProcess inner = Init(300);
  inner.unified = inner.memory = outer.unified + "/docker/" + FullId("b");
  correlator_.Learn(host_.CgroupBorn(inner.unified, 2 * kSecond));
  correlator_.Learn(host_.Exec(inner, 2 * kSecond + 1));
  const ObservedEvent event = correlator_.Observe(host_.Connect(inner, 3 * kSecond));
  ASSERT_NE(event.container, nullptr);
  EXPECT_EQ(event.container->id, FullId("b"));
  EXPECT_EQ(event.container->name, FullId("b").substr(0, 12));
  EXPECT_FALSE(event.container->certain);
  EXPECT_FALSE(event.entered);
}

TEST_F(CorrelatorTrustTest, EnginesTellWhereTheirFilesAre) {
  FakeProcess dockerd{.pid = 50,
                      .comm = "dockerd",
                      .ns = {{NamespaceKind::kNet, 8888}, {NamespaceKind::kMnt, 8889}},
                      .args = "dockerd --data-root " + host_.Path("elsewhere")};
  const FakeProcess init = Init(100);
  WriteState(init, "web");
  std::filesystem::create_directories(host_.Path("elsewhere"));
  std::filesystem::rename(host_.Path("docker/data/containers"), host_.Path("elsewhere/containers"));
  FakeProcess liar = dockerd;
  liar.pid = 51;
  liar.uid = 1000;
  FakeProcess contained = dockerd;
  contained.pid = 52;
  contained.unified = "/docker/" + FullId("c");
  correlator_.Learn(host_.CgroupBorn(contained.unified, 1));
  correlator_.Learn(host_.Exec(liar, 2));
  correlator_.Learn(host_.Exec(contained, 3));
  correlator_.Learn(host_.CgroupBorn(init.unified, kSecond));
  EXPECT_NE(correlator_.Observe(host_.Connect(init, kSecond)).container->name, "web");
  correlator_.Learn(host_.Exec(dockerd, 4));
  EXPECT_EQ(correlator_.Observe(host_.Connect(init, 9 * kSecond)).container->name, "web");
}

}  // namespace
}  // namespace nsobs
