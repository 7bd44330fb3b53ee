#include "userspace/correlation/proc_text.h"

#include <gtest/gtest.h>

#include <string>

namespace nsobs {
namespace {

std::string Stat(const std::string& comm, char state, const std::string& flags, int threads) {
  return "42 (" + comm + ") " + state + " 7 1 1 0 -1 " + flags + " 0 0 0 0 0 0 0 0 20 0 " +
         std::to_string(threads) + " 0 338590 1000 2000\n";
}

TEST(ProcTextTest, Stat) {
  const auto stat = ParseProcStat(Stat("sleep", 'S', "4194560", 1));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->comm, "sleep");
  EXPECT_EQ(stat->parent_pid, 7u);
  EXPECT_EQ(stat->start_ticks, 338590u);
  EXPECT_FALSE(stat->kernel_thread);
  EXPECT_FALSE(stat->dead);
}

TEST(ProcTextTest, ANameCannotForgeFields) {
  const auto stat = ParseProcStat(Stat("x) R 1 1 1 1 1 (", 'S', "4194560", 1));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->comm, "x) R 1 1 1 1 1 (");
  EXPECT_EQ(stat->parent_pid, 7u);
  EXPECT_EQ(stat->start_ticks, 338590u);
}

TEST(ProcTextTest, KernelThreadsAndZombies) {
  EXPECT_TRUE(ParseProcStat(Stat("kthreadd", 'S', "2129984", 1))->kernel_thread);
  EXPECT_TRUE(ParseProcStat(Stat("sh", 'Z', "4194560", 1))->dead);
  EXPECT_TRUE(ParseProcStat(Stat("sh", 'X', "4194560", 1))->dead);
  // Only its first thread ended.
  EXPECT_FALSE(ParseProcStat(Stat("sh", 'Z', "4194560", 3))->dead);
}

TEST(ProcTextTest, BrokenStat) {
  for (const char* text : {"", "42", "42 sleep S 1", "42 ) S ( 1", "42 (sleep)", "42 (s) S x",
                           "42 (s) S 1 1 1 1 1 1 1"}) {
    EXPECT_FALSE(ParseProcStat(text).has_value()) << text;
  }
}

TEST(ProcTextTest, Status) {
  const auto status =
      ParseProcStatus("Name:\tsleep\nUid:\t100000\t0\t0\t0\nNSpid:\t18652\t12\t1\nThreads:\t1\n");
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->uid, 100000u);
  EXPECT_EQ(status->ns_pid, 1u);
  EXPECT_FALSE(ParseProcStatus("Name:\tsleep\n").has_value());
  EXPECT_FALSE(ParseProcStatus("Uid:\t1\nNSpid:\n").has_value());
  EXPECT_FALSE(ParseProcStatus("").has_value());
}

TEST(ProcTextTest, Cgroup) {
  const ProcCgroup cgroup = ParseProcCgroup(
      "9:name=systemd:/docker/x\n8:pids:/p\n4:cpu,memory:/caller/a:b\n1:memory_x:/no\n0::/u\n");
  EXPECT_EQ(cgroup.unified, "/u");
  EXPECT_EQ(cgroup.memory, "/caller/a:b");
  EXPECT_EQ(cgroup.memory_hierarchy, 4u);
  const ProcCgroup none = ParseProcCgroup("garbage\n:\n::\nx:memory:/y\n");
  EXPECT_EQ(none.unified, "");
  EXPECT_EQ(none.memory, "");
  EXPECT_EQ(none.memory_hierarchy, 0u);
}

}  // namespace
}  // namespace nsobs
