#include "userspace/correlation/process_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

using testing::Optional;

constexpr int64_t kSecond = 1'000'000'000;

Process Make(uint32_t pid, uint64_t start_ns = 0, uint64_t cgroup = 1) {
  Process process;
  process.pid = process.tid = pid;
  process.start_boot_ns = start_ns;
  process.comm = "p";
  process.cgroup = {cgroup, 0};
  return process;
}

std::optional<std::string> ArgsOf(const ProcessIndex& index, Process process) {
  index.FillArgs(&process);
  return process.exe_args;
}

TEST(ProcessIndexTest, ArgsOfTheLastExec) {
  ProcessIndex index(ProcessIndex::Limits{});
  EXPECT_EQ(ArgsOf(index, Make(7)), std::nullopt);
  index.Exec(Make(7), {"sh -c x", false}, 1);
  index.Exec(Make(7), {"curl db", false}, 2);
  EXPECT_THAT(ArgsOf(index, Make(7)), Optional(std::string("curl db")));
  EXPECT_EQ(index.size(), 1u);
}

TEST(ProcessIndexTest, ANewProcessWithAnOldPidIsAnother) {
  ProcessIndex index(ProcessIndex::Limits{});
  index.Exec(Make(7, kSecond), {"old", false}, 1);
  EXPECT_EQ(ArgsOf(index, Make(7, 2 * kSecond)), std::nullopt);
  index.Exec(Make(7, 2 * kSecond), {"new", false}, 2);
  EXPECT_THAT(ArgsOf(index, Make(7, kSecond)), Optional(std::string("old")));
  EXPECT_THAT(ArgsOf(index, Make(7, 2 * kSecond)), Optional(std::string("new")));
}

TEST(ProcessIndexTest, TicksOfProcAndNanosecondsOfRecordsAgree) {
  EXPECT_EQ(IdOf(Make(7, 123 * kNsPerTick)), IdOf(Make(7, 123 * kNsPerTick + 9'999'999)));
  EXPECT_NE(IdOf(Make(7, 123 * kNsPerTick)), IdOf(Make(7, 124 * kNsPerTick)));
  EXPECT_EQ(IdOf(Make(7, kSecond)), IdOf(Make(7, kSecond).key()));
}

TEST(ProcessIndexTest, AForkRunsWhatItsParentRan) {
  ProcessIndex index(ProcessIndex::Limits{});
  index.Exec(Make(7, kSecond), {"nginx -g x", false}, kSecond);
  Process child = Make(8, 2 * kSecond);
  child.parent_pid = 7;
  EXPECT_THAT(ArgsOf(index, child), Optional(std::string("nginx -g x")));
  Process renamed = child;
  renamed.comm = "other";
  EXPECT_EQ(ArgsOf(index, renamed), std::nullopt) << "an adopted orphan";
  Process older = child;
  older.start_boot_ns = kSecond / 2;
  EXPECT_EQ(ArgsOf(index, older), std::nullopt) << "the parent ran something else then";
}

TEST(ProcessIndexTest, TheDeadLinger) {
  ProcessIndex index({.processes = 100, .per_cgroup = 100, .linger = absl::Seconds(60)});
  index.Exec(Make(7), {"x", false}, 1);
  index.Exit(Make(7), 10 * kSecond);
  index.Exit(Make(8), 10 * kSecond);  // never seen
  index.DropDead(69 * kSecond);
  EXPECT_THAT(ArgsOf(index, Make(7)), Optional(std::string("x")));
  ASSERT_NE(index.Find(IdOf(Make(7))), nullptr);
  EXPECT_EQ(index.Find(IdOf(Make(7)))->died_boot_ns, 10 * kSecond);
  index.DropDead(71 * kSecond);
  EXPECT_EQ(index.size(), 0u);
}

TEST(ProcessIndexTest, OomIsRemembered) {
  ProcessIndex index(ProcessIndex::Limits{});
  index.OomKill(Make(7));
  ASSERT_NE(index.Find(IdOf(Make(7))), nullptr);
  EXPECT_TRUE(index.Find(IdOf(Make(7)))->oom_killed);
  index.OomKill(Process{});
  EXPECT_EQ(index.size(), 1u);
}

TEST(ProcessIndexTest, AForkBombForgetsItsOwn) {
  ProcessIndex index({.processes = 100, .per_cgroup = 10, .linger = absl::Seconds(60)});
  index.Exec(Make(1, 0, /*cgroup=*/1), {"init", false}, 1);
  for (uint32_t pid = 1000; pid < 3000; ++pid) {
    index.Exec(Make(pid, 0, /*cgroup=*/2), {"bomb", false}, 2);
  }
  EXPECT_EQ(index.size(), 11u);
  EXPECT_THAT(ArgsOf(index, Make(1, 0, 1)), Optional(std::string("init")));
  EXPECT_THAT(ArgsOf(index, Make(2999, 0, 2)), Optional(std::string("bomb")));
  EXPECT_EQ(ArgsOf(index, Make(1000, 0, 2)), std::nullopt);
}

TEST(ProcessIndexTest, TheDeadMakeRoomFirst) {
  ProcessIndex index({.processes = 4, .per_cgroup = 3, .linger = absl::Seconds(60)});
  for (uint32_t pid = 1; pid <= 3; ++pid) index.Exec(Make(pid), {"x", false}, 1);
  index.Exit(Make(2), 2);
  index.Exec(Make(4), {"x", false}, 3);
  EXPECT_NE(index.Find(IdOf(Make(1))), nullptr);
  EXPECT_EQ(index.Find(IdOf(Make(2))), nullptr);
  index.Exec(Make(5, 0, 2), {"x", false}, 4);
  index.Exit(Make(3), 5);
  index.Exec(Make(6, 0, 3), {"x", false}, 6);
  EXPECT_EQ(index.size(), 4u);
  EXPECT_EQ(index.Find(IdOf(Make(3))), nullptr);
  index.Exec(Make(7, 0, 4), {"x", false}, 7);
  EXPECT_EQ(index.size(), 4u);
  EXPECT_EQ(index.Find(IdOf(Make(1))), nullptr) << "then the oldest";
}

TEST(ProcessIndexTest, AMoveToAnotherCgroupCountsThere) {
  ProcessIndex index({.processes = 100, .per_cgroup = 1, .linger = absl::Seconds(60)});
  index.Exec(Make(7, 0, 1), {"a", false}, 1);
  index.Exec(Make(7, 0, 2), {"b", false}, 2);
  index.Exec(Make(8, 0, 1), {"c", false}, 3);
  EXPECT_THAT(ArgsOf(index, Make(7, 0, 2)), Optional(std::string("b")));
  EXPECT_EQ(index.size(), 2u);
}

}  // namespace
}  // namespace nsobs
