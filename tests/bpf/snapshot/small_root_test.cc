// The sections USER, TIMENS, UTS, IPC and CGROUP of real namespaces and cgroups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>

#include "tests/bpf/snapshot/reading.h"
#include "tests/bpf/support/cgroup_lab.h"
#include "userspace/snapshot/cgroup/cgroup_facts_reader.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

TEST(SmallRootTest, AMappedUser) {
  const auto map = [](uint32_t pid) {
    const std::string at = "/proc/" + std::to_string(pid) + "/";
    return WriteFile(at + "setgroups", "deny") && WriteFile(at + "uid_map", "0 100000 1000") &&
           WriteFile(at + "gid_map", "0 200000 500");
  };
  const Contained contained({.namespaces = CLONE_NEWUSER, .from_outside = map});
  Reading reading(contained);
  SectionJson out = reading.Run(ReadUser);
  out.erase("inode");
  EXPECT_EQ(out.dump(), R"({"uid_map":[{"inside":0,"outside":100000,"count":1000}],)"
                        R"("gid_map":[{"inside":0,"outside":200000,"count":500}],)"
                        R"("setgroups":"deny","root_is_root":false})");
  EXPECT_EQ(reading.Errors(), "");
}

TEST(SmallRootTest, ClocksOfATimeNamespace) {
  const Contained contained({.namespaces = CLONE_NEWTIME, .before_fork = [] {
                               return WriteFile("/proc/self/timens_offsets",
                                                "monotonic 5 7\nboottime 86400 0\n");
                             }});
  Reading reading(contained);
  const SectionJson out = reading.Run(ReadTimens);
  EXPECT_EQ(out["monotonic_offset_ns"], 5'000'000'007);
  EXPECT_EQ(out["boottime_offset_ns"], 86'400'000'000'000);
}

TEST(SmallRootTest, AnotherUtsAndIpcNamespaceAreNotEntered) {
  const Contained contained({.namespaces = CLONE_NEWUTS | CLONE_NEWIPC,
                             .inside = [] { return sethostname("inner", 5) == 0; }});
  Reading reading(contained);
  const SectionJson ipc = reading.Run(ReadIpc);
  EXPECT_EQ(ipc.size(), 1) << ipc;
  EXPECT_THAT(reading.Errors(), HasSubstr("ipc: "));
  const SectionJson uts = reading.Run(ReadUts);
  EXPECT_EQ(uts.value("source", "/etc/hostname"), "/etc/hostname");
}

bool UseMemory(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  memset(memory, 1, bytes);
  return true;
}

TEST(SmallRootTest, ACgroupWithAMemoryLimit) {
  constexpr uint64_t kMib = 1 << 20;
  const Cgroup pod(Hierarchy::kMemory, "nsobs-snapshot-pod");
  pod.LimitMemory(64 * kMib);
  const Cgroup inner(pod, "inner");
  inner.LimitMemory(32 * kMib);
  const Contained contained({.inside = [&] { return inner.Join() && UseMemory(8 * kMib); }});
  Reading reading(contained);
  const SectionJson out = reading.Run(ReadCgroup);
  EXPECT_EQ(reading.Errors(), "");
  const SectionJson& memory = out["memory"];
  EXPECT_EQ(memory["limit_bytes"], 32 * kMib);
  EXPECT_GE(memory["usage_bytes"], 8 * kMib);
  EXPECT_GE(memory["peak_bytes"], memory["usage_bytes"]);
  EXPECT_GE(memory["anon_bytes"], 7 * kMib);  // counted in batches by the kernel
  EXPECT_EQ(memory["limit_hits"], 0);
  EXPECT_EQ(memory["oom_kills"], 0);
  ASSERT_FALSE(out["ancestors"].empty());
  EXPECT_EQ(out["ancestors"][0]["path"], pod.path());
  EXPECT_EQ(out["ancestors"][0]["limit_bytes"], 64 * kMib);
  EXPECT_GT(out["host"]["memory_total_bytes"], out["host"]["memory_available_bytes"]);
}

// The budget of the watch that runs every ten seconds: 100 us a container on an idle machine. The
// best of many rounds, for this one may be busy.
TEST(SmallRootTest, FactsAreCheap) {
  const Cgroup cgroup(Hierarchy::kMemory, "nsobs-snapshot-cheap");
  cgroup.LimitMemory(32 << 20);
  const Contained contained({.inside = [&] { return cgroup.Join(); }});
  const auto mountinfo = ReadLines("/proc/self/mountinfo", 4 << 20);
  const auto paths = ReadLines("/proc/" + std::to_string(contained.pid()) + "/cgroup", 4096);
  ASSERT_TRUE(mountinfo.ok() && paths.ok());
  const CgroupMountPoints mounts = FindCgroupMountPoints(mountinfo->text);
  const ByController where = ParseCgroupPaths(paths->text);
  absl::Duration best = absl::InfiniteDuration();
  for (int i = 0; i < 200; ++i) {
    const absl::Time begin = absl::Now();
    const auto facts = ReadCgroupFacts(mounts, where);
    best = std::min(best, absl::Now() - begin);
    ASSERT_TRUE(facts.ok());
    EXPECT_EQ(facts->memory_limit_bytes, 32 << 20);
    EXPECT_TRUE(facts->memory_usage_bytes.has_value());
  }
  RecordProperty("best_us", static_cast<int>(absl::ToInt64Microseconds(best)));
  EXPECT_LT(best, absl::Microseconds(300));
}

}  // namespace
}  // namespace nsobs
