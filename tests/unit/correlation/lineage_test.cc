#include "userspace/correlation/lineage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/correlation/process_index.h"

namespace nsobs {
namespace {

using testing::ElementsAre;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr Executable kBash{10, 1, false};
constexpr Executable kRunc{20, 1, false};
constexpr Executable kMemory{30, 2, true};

Process Make(uint32_t pid, uint32_t parent_pid, const std::string& comm) {
  Process process;
  process.pid = process.tid = process.ns_pid = pid;
  process.parent_pid = parent_pid;
  process.start_boot_ns = pid * kSecond;
  process.comm = comm;
  process.cgroup = {1, 0};
  return process;
}

ProcessExec Exec(const Executable& executable, std::vector<Forebear> forebears = {}) {
  return {"args", false, executable, std::move(forebears)};
}

std::vector<uint32_t> Pids(const Lineage& lineage) {
  std::vector<uint32_t> pids;
  for (const LineageNode* node = lineage.get(); node; node = node->parent.get()) {
    pids.push_back(node->id.pid);
  }
  return pids;
}

TEST(LineageTest, OutlivesTheAncestors) {
  ProcessIndex index(ProcessIndex::Limits{});
  index.Exec(Make(1, 0, "bash"), Exec(kBash), 1);
  index.Exec(Make(2, 1, "runc"), Exec(kRunc), 2);
  index.Exit(Make(1, 0, "bash"), 3);
  index.DropDead(1000 * static_cast<int64_t>(kSecond));
  // It was adopted since.
  index.Exec(Make(2, 99, "runc"), Exec(kRunc), 4);
  EXPECT_THAT(Pids(index.LineageOf(Make(2, 99, "runc"), {})), ElementsAre(2, 1));
}

TEST(LineageTest, AParentThatOnlyForkedIsKnownByItsChild) {
  ProcessIndex index(ProcessIndex::Limits{});
  index.Exec(Make(1, 0, "bash"), Exec(kBash), 1);
  const Forebear fork{{2, 2 * kSecond}, "bash", kBash};
  const Forebear shell{{1, 1 * kSecond}, "bash", kBash};
  index.Exec(Make(3, 2, "runc"), Exec(kRunc, {fork, shell}), 3);
  EXPECT_THAT(Pids(index.LineageOf(Make(3, 2, "runc"), {})), ElementsAre(3, 2, 1));
  // And by its later children, with nothing but its pid.
  EXPECT_THAT(Pids(index.LineageOf(Make(4, 2, "x"), kBash)), ElementsAre(4, 2, 1));
}

TEST(LineageTest, ACopyInMemoryIsWhatWasCopied) {
  ProcessIndex index(ProcessIndex::Limits{});
  index.Exec(Make(1, 0, "bash"), Exec(kBash), 1);
  index.Exec(Make(2, 1, "runc"), Exec(kRunc), 2);
  index.Exec(Make(2, 1, "runc"), Exec(kMemory), 3);
  const Lineage runc = index.LineageOf(Make(2, 1, "runc"), kMemory);
  EXPECT_EQ(runc->executable, kMemory);
  EXPECT_EQ(runc->named, kRunc) << "what the process ran before";
  EXPECT_EQ(index.LineageOf(Make(5, 2, "runc:[1:CHILD]"), kMemory)->named, kRunc)
      << "else what its parent ran";
  index.Exec(Make(6, 1, "evil"), Exec(kMemory), 4);
  EXPECT_EQ(index.LineageOf(Make(6, 1, "evil"), kMemory)->named, kBash);
}

TEST(LineageTest, WhatTheKernelSaysNowCounts) {
  ProcessIndex index(ProcessIndex::Limits{});
  index.Exec(Make(1, 0, "bash"), Exec(kBash), 1);
  const Lineage other = index.LineageOf(Make(1, 0, "nsenter"), {77, 1, false});
  EXPECT_EQ(other->named, (Executable{77, 1, false})) << "an exec that was lost";
}

TEST(LineageTest, SiblingsShareWhatWasCut) {
  ProcessIndex index(ProcessIndex::Limits{});
  for (uint32_t pid = 1; pid <= 20; ++pid) {
    index.Exec(Make(pid, pid - 1, "x"), Exec(kBash), pid);
  }
  Process first = Make(31, 20, "init");
  Process second = Make(32, 20, "init");
  first.ns_pid = second.ns_pid = 1;
  index.Add(first, std::nullopt, kBash);
  index.Add(second, std::nullopt, kBash);
  const Lineage one = index.LineageOf(first, kBash);
  const Lineage two = index.LineageOf(second, kBash);
  EXPECT_THAT(Pids(one), ElementsAre(31, 20, 19, 18));
  EXPECT_THAT(Pids(two), ElementsAre(32, 20, 19, 18));
  EXPECT_EQ(one->parent, two->parent);
  // And those of another parent don't.
  Process other = Make(33, 19, "init");
  other.ns_pid = 1;
  index.Add(other, std::nullopt, kBash);
  EXPECT_THAT(Pids(index.LineageOf(other, kBash)), ElementsAre(33, 19, 18, 17));
}

TEST(LineageTest, IsBounded) {
  ProcessIndex index(ProcessIndex::Limits{});
  for (uint32_t pid = 1; pid <= 100; ++pid) {
    index.Exec(Make(pid, pid - 1, "x"), Exec(kBash), pid);
  }
  const auto pids = Pids(index.LineageOf(Make(100, 99, "x"), {}));
  EXPECT_EQ(pids.size(), 12u);
  EXPECT_EQ(pids.back(), 89u) << "the nearest are kept";
  Process contained = Make(101, 100, "x");
  contained.ns_pid = 7;
  ProcessExec exec = Exec(kBash);
  exec.args = std::string(500, 'a');
  index.Exec(contained, exec, 101);
  const Lineage lineage = index.LineageOf(contained, {});
  EXPECT_EQ(Pids(lineage).size(), 4u);
  EXPECT_EQ(lineage->args->size(), 128u);
  EXPECT_TRUE(lineage->args_cut);
}

TEST(LineageTest, NobodyKnown) {
  ProcessIndex index(ProcessIndex::Limits{});
  const Lineage lineage = index.LineageOf(Make(7, 6, "x"), {});
  ASSERT_NE(lineage, nullptr);
  EXPECT_FALSE(lineage->named.known());
  EXPECT_EQ(lineage->parent, nullptr);
}

}  // namespace
}  // namespace nsobs
