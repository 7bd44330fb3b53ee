#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "tests/unit/snapshot_fs/fake_host.h"
#include "userspace/snapshot/cgroup/cgroup_facts_reader.h"
#include "userspace/snapshot/cgroup/cgroup_file.h"
#include "userspace/snapshot/cgroup/cgroup_layout.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kPressure[] =
    "some avg10=1.50 avg60=0.00 avg300=0.00 total=123\n"
    "full avg10=0.25 avg60=0.00 avg300=0.00 total=45\n";

TEST(CgroupLayoutTest, Hybrid) {
  const CgroupMountPoints mounts = FindCgroupMountPoints(
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "33 31 0:32 /docker/x /other rw - cgroup cgroup rw,memory\n"
      "34 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,xattr,memory\n"
      "35 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
      "36 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n");
  EXPECT_THAT(mounts.directories, ElementsAre(Pair("cpu", "/sys/fs/cgroup/cpu,cpuacct"),
                                              Pair("cpuacct", "/sys/fs/cgroup/cpu,cpuacct"),
                                              Pair("memory", "/sys/fs/cgroup/memory"),
                                              Pair("", "/sys/fs/cgroup/unified")));
  EXPECT_EQ(mounts.Version(), "hybrid");
  EXPECT_EQ(FindCgroupMountPoints("1 0 0:1 / /c rw - cgroup2 c rw\n").Version(), "v2");
  EXPECT_EQ(FindCgroupMountPoints("1 0 0:1 / /c rw - cgroup c rw,cpu\n").Version(), "v1");
  EXPECT_EQ(FindCgroupMountPoints("").Version(), "");
}

TEST(CgroupLayoutTest, Paths) {
  EXPECT_THAT(ParseCgroupPaths(
                  "9:name=systemd:/s\n4:memory:/docker/a:b (deleted)\n3:cpu,cpuacct:/c\n0::/\nx\n"),
              ElementsAre(Pair("memory", "/docker/a:b"), Pair("cpu", "/c"), Pair("cpuacct", "/c"),
                          Pair("", "/")));
}

TEST(CgroupLayoutTest, NeverLeavesTheHierarchy) {
  const CgroupMountPoints mounts{{{"memory", "/m"}, {"", "/u"}}};
  EXPECT_EQ(DirectoryOf(mounts, {{"memory", "/a"}, {"", "/b"}}, "memory").path, "/m/a");
  EXPECT_FALSE(DirectoryOf(mounts, {{"memory", "/"}, {"", "/b"}}, "memory")) << "the machine's";
  EXPECT_EQ(DirectoryOf(mounts, {{"", "/b"}}, "memory").path, "/u/b");
  EXPECT_TRUE(DirectoryOf(mounts, {{"", "/b"}}, "memory").unified);
  EXPECT_EQ(DirectoryOf(mounts, {{"memory", "/a..b/..c"}}, "memory").path, "/m/a..b/..c");
  for (const char* path : {"/..", "/../..", "/a/../../etc", "a", "", "../x"}) {
    EXPECT_FALSE(DirectoryOf(mounts, {{"memory", path}}, "memory")) << path;
  }
  EXPECT_FALSE(DirectoryOf(mounts, {}, "memory"));
}

TEST(CgroupFileTest, Shapes) {
  EXPECT_EQ(KeyedNumber("a 1\nab 2\n", "ab"), 2);
  EXPECT_EQ(KeyedNumber("a 1\nab 2\n", "b"), std::nullopt);
  EXPECT_EQ(KeyedNumber("a x\n", "a"), std::nullopt);
  EXPECT_EQ(ParsePressure(kPressure).dump(),
            R"({"some_avg10":1.5,"some_total_us":123,"full_avg10":0.25,"full_total_us":45})");
  EXPECT_EQ(ParsePressure("some avg10=nan total=-1\n"), nullptr);
  EXPECT_EQ(StalledUs(kPressure), 123);
  EXPECT_EQ(StalledUs(""), std::nullopt);
}

class CgroupReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    host_.Add({.pid = 100, .ns_inode = 4026532200});
    host_.Write("proc/meminfo", "MemTotal:       1000 kB\nMemAvailable:   400 kB\n");
  }
  void MakeV1() {
    host_.Write("proc/self/mountinfo",
                "1 0 0:1 / " + host_.Path("memory") + " rw - cgroup c rw,memory\n2 0 0:1 / " +
                    host_.Path("cpu") + " rw - cgroup c rw,cpu\n3 0 0:1 / " +
                    host_.Path("cpuacct") + " rw - cgroup c rw,cpuacct\n4 0 0:1 / " +
                    host_.Path("pids") + " rw - cgroup c rw,pids\n");
    host_.Write("proc/100/cgroup",
                "4:memory:/docker/7c\n3:cpu:/docker/7c\n2:cpuacct:/docker/7c\n1:pids:/docker/7c\n");
    host_.Write("memory/docker/7c/memory.limit_in_bytes", "67108864\n");
    host_.Write("memory/docker/7c/memory.usage_in_bytes", "1000\n");
    host_.Write("memory/docker/7c/memory.max_usage_in_bytes", "2000\n");
    host_.Write("memory/docker/7c/memory.failcnt", "7\n");
    host_.Write("memory/docker/7c/memory.oom_control", "oom_kill_disable 0\noom_kill 3\n");
    host_.Write("memory/docker/7c/memory.stat", "rss 1\ntotal_cache 600\ntotal_rss 400\n");
    host_.Write("memory/docker/memory.limit_in_bytes", "9223372036854771712\n");
    host_.Write("memory/docker/memory.usage_in_bytes", "5000\n");
    host_.Write("cpu/docker/7c/cpu.cfs_quota_us", "50000\n");
    host_.Write("cpu/docker/7c/cpu.cfs_period_us", "100000\n");
    host_.Write("cpu/docker/7c/cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 123456\n");
    host_.Write("cpuacct/docker/7c/cpuacct.usage", "99\n");
    host_.Write("pids/docker/7c/pids.current", "2\n");
    host_.Write("pids/docker/7c/pids.max", "max\n");
    host_.Write("pids/docker/7c/pids.events", "max 1\n");
  }
  void MakeV2() {
    host_.Write("proc/self/mountinfo", "1 0 0:1 / " + host_.Path("u") + " rw - cgroup2 c rw\n");
    host_.Write("proc/100/cgroup", "0::/kube/pod/c\n");
    host_.Write("u/kube/pod/c/memory.max", "max\n");
    host_.Write("u/kube/pod/c/memory.current", "1000\n");
    host_.Write("u/kube/pod/c/memory.peak", "2000\n");
    host_.Write("u/kube/pod/c/memory.stat", "anon 10\nfile 20\n");
    host_.Write("u/kube/pod/c/memory.events", "low 0\nmax 8\noom 2\noom_kill 2\n");
    host_.Write("u/kube/pod/memory.max", "4096\n");
    host_.Write("u/kube/pod/memory.current", "3000\n");
    host_.Write("u/kube/pod/c/cpu.max", "max 100000\n");
    host_.Write("u/kube/pod/c/cpu.stat",
                "usage_usec 5\nnr_periods 0\nnr_throttled 0\nthrottled_usec 6\n");
    host_.Write("u/kube/pod/c/pids.current", "2\n");
    host_.Write("u/kube/pod/c/pids.max", "100\n");
    host_.Write("u/kube/pod/c/pids.events", "max 0\n");
    host_.Write("u/kube/pod/c/io.stat", "8:0 rbytes=1 wbytes=2 rios=1\n8:16 rbytes=10 wbytes=20\n");
    for (const char* kind : {"cpu", "memory", "io"}) {
      host_.Write(std::string("u/kube/pod/c/") + kind + ".pressure", kPressure);
      host_.Write(std::string("proc/pressure/") + kind, kPressure);
    }
  }
  // `pid` 0: the target is gone.
  SectionJson Read(uint32_t pid = 100) {
    SectionJson out = SectionJson::object();
    ReadCgroup(host_.TargetOf(pid), &out, &notes_);
    return out;
  }

  FakeHost host_;
  ReadNotes notes_;
};

TEST_F(CgroupReaderTest, V1) {
  MakeV1();
  const SectionJson out = Read();
  EXPECT_EQ(out["version"], "v1");
  EXPECT_EQ(out["paths"]["memory"], "/docker/7c");
  EXPECT_EQ(out["memory"].dump(),
            R"({"limit_bytes":67108864,"usage_bytes":1000,"peak_bytes":2000,"anon_bytes":400,)"
            R"("file_bytes":600,"limit_hits":7,"oom_kills":3})");
  EXPECT_EQ(out["ancestors"].dump(),
            R"([{"path":"/docker","limit_bytes":null,"usage_bytes":5000}])");
  EXPECT_EQ(out["cpu"].dump(), R"({"quota_us":50000,"period_us":100000,"periods":10,)"
                               R"("throttled_periods":4,"throttled_ns":123456,"usage_ns":99})");
  EXPECT_EQ(out["pids"].dump(), R"({"current":2,"limit":null,"limit_hits":1})");
  EXPECT_EQ(out["pressure"], nullptr);
  EXPECT_EQ(out["host"].dump(), R"({"memory_total_bytes":1024000,"memory_available_bytes":409600,)"
                                R"("pressure":null})");
  EXPECT_THAT(ErrorTexts(notes_), IsEmpty());
}

TEST_F(CgroupReaderTest, V2) {
  MakeV2();
  const SectionJson out = Read();
  EXPECT_EQ(out["version"], "v2");
  EXPECT_EQ(out["memory"].dump(),
            R"({"limit_bytes":null,"usage_bytes":1000,"peak_bytes":2000,"anon_bytes":10,)"
            R"("file_bytes":20,"limit_hits":8,"oom_kills":2})");
  EXPECT_EQ(out["ancestors"].dump(), R"([{"path":"/kube/pod","limit_bytes":4096,)"
                                     R"("usage_bytes":3000},{"path":"/kube","limit_bytes":null}])");
  EXPECT_EQ(out["cpu"].dump(), R"({"quota_us":null,"period_us":100000,"periods":0,)"
                               R"("throttled_periods":0,"throttled_ns":6000,"usage_ns":5000})");
  EXPECT_EQ(out["pids"].dump(), R"({"current":2,"limit":100,"limit_hits":0})");
  EXPECT_EQ(out["io"].dump(), R"({"read_bytes":11,"written_bytes":22})");
  EXPECT_EQ(out["pressure"]["io"]["some_avg10"], 1.5);
  EXPECT_EQ(out["host"]["pressure"]["cpu"]["full_avg10"], 0.25);
}

TEST_F(CgroupReaderTest, TheRequestNamesTheCgroupOfATargetThatIsGone) {
  MakeV1();
  host_.request().cgroup_paths = {{"memory", "/docker"}};
  EXPECT_EQ(Read(/*pid=*/0)["memory"]["usage_bytes"], 5000);
  EXPECT_EQ(Read()["memory"]["usage_bytes"], 1000) << "a living one's are those of /proc";
}

TEST_F(CgroupReaderTest, ACgroupThatIsGone) {
  MakeV1();
  host_.request().cgroup_paths = {{"memory", "/docker/none"}, {"cpu", "/../../etc"}};
  const SectionJson out = Read(/*pid=*/0);
  EXPECT_FALSE(out.contains("memory"));
  EXPECT_FALSE(out.contains("cpu"));
  EXPECT_EQ(ErrorTexts(notes_).size(), 1);
}

TEST_F(CgroupReaderTest, FactsOfV1) {
  MakeV1();
  const CgroupMountPoints mounts{
      {{"memory", host_.Path("memory")}, {"cpu", host_.Path("cpu")}, {"pids", host_.Path("pids")}}};
  const ByController paths = {
      {"memory", "/docker/7c"}, {"cpu", "/docker/7c"}, {"pids", "/docker/7c"}};
  const auto facts = ReadCgroupFacts(mounts, paths);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->memory_limit_bytes, 67108864);
  EXPECT_EQ(facts->memory_usage_bytes, 1000);
  EXPECT_EQ(facts->memory_limit_hits, 7);
  EXPECT_EQ(facts->cpu_periods, 10);
  EXPECT_EQ(facts->cpu_throttled_periods, 4);
  EXPECT_EQ(facts->cpu_throttled_ns, 123456);
  EXPECT_EQ(facts->pids_current, 2);
  EXPECT_EQ(facts->pids_limit, std::nullopt);
  EXPECT_EQ(facts->pids_limit_hits, 1);
  EXPECT_EQ(facts->cpu_stalled_us, std::nullopt);
  EXPECT_EQ(ReadCgroupFacts(mounts, {{"memory", "/gone"}}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(CgroupReaderTest, FactsOfV2) {
  MakeV2();
  const auto facts = ReadCgroupFacts({{{"", host_.Path("u")}}}, {{"", "/kube/pod/c"}});
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->memory_limit_bytes, std::nullopt);
  EXPECT_EQ(facts->memory_usage_bytes, 1000);
  EXPECT_EQ(facts->memory_limit_hits, 8);
  EXPECT_EQ(facts->cpu_throttled_ns, 6000);
  EXPECT_EQ(facts->pids_limit, 100);
  EXPECT_EQ(facts->cpu_stalled_us, 123);
  EXPECT_EQ(facts->memory_stalled_us, 123);
  EXPECT_EQ(facts->io_stalled_us, 123);
}

}  // namespace
}  // namespace nsobs
