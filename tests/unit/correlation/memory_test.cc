// What one more container costs the correlator while nothing happens.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/correlation/fake_host.h"
#include "tests/unit/live_bytes.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

constexpr int64_t kNow = 10'000 * kSecond;
constexpr uint32_t kFirstPid = 1000;

// As runc makes them: namespaces of five kinds, cgroups in both hierarchies, a state file.
std::vector<HostTask> StartContainers(const FakeHost& host, uint32_t count) {
  std::vector<HostTask> tasks;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string id = "container-" + std::to_string(i);
    const FakeProcess init{.pid = kFirstPid + i,
                           .ns_pid = 1,
                           .ns = ContainerNamespaces(100'000 + 10 * i),
                           .unified = "/" + id,
                           .memory = "/" + id};
    host.Start(init);
    host.AddRuncState("runc", id, init, "/" + id);
    tasks.push_back({host.ToProcess(init), false});
  }
  return tasks;
}

// Of a correlator that knows `count` containers, some reconciliations later.
size_t BytesWith(uint32_t count) {
  const FakeHost host;
  FakeClock clock{kNow, 0};
  const std::vector<HostTask> tasks = StartContainers(host, count);
  CorrelatorOptions options = host.Options();
  options.list_tasks = [&] { return tasks; };
  const size_t before = testing::LiveBytes();
  Correlator correlator(options, &clock);
  EXPECT_TRUE(correlator.ScanHost().ok());
  for (int i = 0; i < 3; ++i) {
    clock.AdvanceNs(kSecond);
    correlator.Reconcile();
    correlator.TakeMade();
    correlator.TakeNamespaceChanges();
    correlator.TakeContainerChanges();
    correlator.TakeHostFacts();
  }
  EXPECT_EQ(correlator.inventory()->containers().size(), count);
  return testing::LiveBytes() - before;
}

TEST(CorrelatorMemoryTest, AContainerIsSmall) {
  constexpr uint32_t kFew = 200;
  constexpr uint32_t kMany = 800;  // both fill their hash tables alike
  const size_t few = BytesWith(kFew);
  const size_t many = BytesWith(kMany);
  const size_t each = (many - few) / (kMany - kFew);
  RecordProperty("bytes_a_container", std::to_string(each));
  EXPECT_LT(each, 9000u) << "it was 8,200";
}

}  // namespace
}  // namespace nsobs
