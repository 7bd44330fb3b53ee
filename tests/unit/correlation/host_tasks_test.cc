// The first look at the host by the kernel's own list of processes, and by /proc where there is
// none.
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"
#include "userspace/correlation/host_scan.h"

namespace nsobs {
namespace {

constexpr int64_t kNow = 10'000 * kSecond;

FakeProcess Init() {
  const std::string path = "/docker/" + FullId("100");
  return {.pid = 100,
          .ns_pid = 1,
          .comm = "web",
          .ns = ContainerNamespaces(1000),
          .unified = path,
          .memory = path};
}

// One docker container, web, whose init /proc shows only if `in_proc`.
void StartWeb(const FakeHost& host, bool in_proc) {
  const FakeProcess init = Init();
  host.AddDocker(FullId("100"), "web");
  host.AddRuncState("docker/exec/runtime-runc/moby", FullId("100"), init, init.unified);
  host.Start(init);
  if (!in_proc) host.Remove("proc/100");
}

const NamespaceRecord* FindNet(const Inventory& inventory, uint32_t inode) {
  for (const NamespaceRecord& record : inventory.namespaces()) {
    if (record.kind == NamespaceKind::kNet && record.identity.inode == inode) return &record;
  }
  return nullptr;
}

void ExpectWeb(const Correlator& correlator) {
  const auto inventory = correlator.inventory();
  ASSERT_EQ(inventory->containers().size(), 1u);
  EXPECT_EQ(inventory->containers()[0]->name, "web");
  EXPECT_EQ(inventory->containers()[0]->init.pid, 100u);
  EXPECT_EQ(inventory->containers()[0]->died_boot_ns, 0);
  const NamespaceRecord* net = FindNet(*inventory, 1002);
  ASSERT_NE(net, nullptr);
  EXPECT_EQ(net->process_count, 1u);
  EXPECT_EQ(net->some_comm, "web");
}

TEST(HostTasksTest, TheListAloneIsEnough) {
  const FakeHost host;
  StartWeb(host, /*in_proc=*/false);
  FakeClock clock{kNow, 0};
  CorrelatorOptions options = host.Options();
  options.list_tasks = [&] { return std::vector<HostTask>{{host.ToProcess(Init()), false}}; };
  Correlator correlator(options, &clock);
  ASSERT_TRUE(correlator.ScanHost().ok());
  ExpectWeb(correlator);
}

TEST(HostTasksTest, WithoutAListProcIsWalked) {
  const FakeHost host;
  StartWeb(host, /*in_proc=*/true);
  FakeClock clock{kNow, 0};
  CorrelatorOptions options = host.Options();
  options.list_tasks = [] { return absl::UnavailableError("off"); };
  Correlator correlator(options, &clock);
  ASSERT_TRUE(correlator.ScanHost().ok());
  ExpectWeb(correlator);
}

TEST(HostTasksTest, WhoIsNoLongerOnTheListHasEnded) {
  const FakeHost host;
  StartWeb(host, /*in_proc=*/true);
  FakeClock clock{kNow, 0};
  std::vector<HostTask> tasks = {{host.ToProcess(Init()), false}};
  CorrelatorOptions options = host.Options();
  options.list_tasks = [&] { return tasks; };
  Correlator correlator(options, &clock);
  ASSERT_TRUE(correlator.ScanHost().ok());
  tasks[0].zombie = true;
  host.RemoveCgroup(Init().unified);
  clock.AdvanceNs(30 * kSecond);
  correlator.Reconcile();
  ASSERT_EQ(correlator.inventory()->containers().size(), 1u);
  EXPECT_NE(correlator.inventory()->containers()[0]->died_boot_ns, 0);
}

TEST(HostTasksTest, ZombiesAreCountedAndLeftOut) {
  const FakeHost host;
  HostTask living{host.ToProcess({.pid = 7, .comm = "x"}), false};
  living.process.start_boot_ns = 70'123'456'789;
  HostTask dead = living;
  dead.process.pid = 8;
  dead.process.parent_pid = 7;
  dead.zombie = true;
  const HostScan scan = ScanOf({living, dead}, host.Path("proc"));
  EXPECT_EQ(scan.host, HostNamespaces());
  ASSERT_EQ(scan.processes.size(), 1u);
  EXPECT_EQ(scan.processes[0].pid, 7u);
  EXPECT_EQ(scan.processes[0].start_ticks, 7012u);
  EXPECT_EQ(scan.processes[0].start_boot_ns, 70'123'456'789u);
  EXPECT_EQ(scan.zombies, (std::map<uint32_t, uint32_t>{{7, 1}}));
}

}  // namespace
}  // namespace nsobs
