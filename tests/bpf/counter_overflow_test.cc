// What is counted when the map of counters is full: all of it, without the container.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>

#include "bpf/event_abi.h"
#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/run_rig.h"

namespace nsobs {
namespace {

constexpr uint64_t kMany = 100;

struct CounterMap {
  int fd = -1;
  uint32_t max_entries = 0;
};

// Those of the programs which this process has loaded, never another observer's; by their ids.
std::map<uint32_t, CounterMap> OwnCounterMaps() {
  std::map<uint32_t, CounterMap> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    bpf_map_info info{};
    uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && strcmp(info.name, "counters") == 0) {
      out[info.id] = {fd, info.max_entries};
    }
  }
  return out;
}

// With owners that do not exist.
void FillUp(const CounterMap& map) {
  const uint64_t one = 1;
  for (uint32_t i = 0; i < map.max_entries; ++i) {
    nsobs_counter_key key{};
    key.cgroup_id = ~uint64_t{0};
    key.ns_id = i + 1;
    key.family = NSOBS_COUNT_OOM_KILL;
    if (bpf_map_update_elem(map.fd, &key, &one, BPF_NOEXIST) != 0) break;
  }
}

uint64_t WithoutOwner(RunRig& rig, int signal) {
  auto counters = rig.set().counters().Read();
  uint64_t sum = 0;
  if (!counters.ok()) return 0;
  for (const Counter& counter : counters->counters) {
    if (counter.overflow && counter.family == CounterFamily::kSignal && counter.a == signal) {
      sum += counter.value;
    }
  }
  return sum;
}

TEST(CounterOverflow, OfAFullMapIsCountedWithoutItsOwner) {
  constexpr int kSignal = SIGUSR2;
  const auto of_others = OwnCounterMaps();  // other tests' programs, which stay loaded
  RunRig rig(absl::ZeroDuration());
  auto maps = OwnCounterMaps();
  for (const auto& [id, map] : of_others) maps.erase(id);
  ASSERT_EQ(maps.size(), 1u);
  rig.StartReading();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    signal(kSignal, SIG_IGN);
    for (uint64_t i = 0; i < kMany; ++i) kill(getpid(), kSignal);
    return 0;
  });
  EXPECT_EQ(WithoutOwner(rig, kSignal), 0u);
  FillUp(maps.begin()->second);
  child.Run();
  EXPECT_EQ(rig.Count(CounterFamily::kSignal, cgroup), 0u);
  EXPECT_EQ(WithoutOwner(rig, kSignal), kMany);
}

}  // namespace
}  // namespace nsobs
