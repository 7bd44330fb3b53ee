#include "userspace/collector/hook_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> HooksOf(const HookChoice& choice) {
  std::vector<std::string> out;
  for (const HookRow& row : choice.rows) out.emplace_back(row.hook);
  return out;
}

constexpr ProgramRow kCall = {"a_call",
                              "p_tracepoint",
                              "tracepoint/syscalls/sys_exit_x",
                              ProgramGroup::kSyscallHooks,
                              "much",
                              "x",
                              -1,
                              {"p_fexit", "fexit/nsobs_there_is_no_such_function", "little"},
                              {"p_probe", "kretprobe/nsobs_there_is_no_such_function", "some"},
                              {"p_iter", "iter/task", "nothing"}};

TEST(HookChoiceTest, AFunctionThatCannotBeHookedIsPassedOver) {
  FunctionTrial trial;
  EXPECT_THAT(HooksOf(ChooseHooks(kCall, "", "", &trial)),
              ElementsAre("tracepoint/syscalls/sys_exit_x", "iter/task"));
  EXPECT_FALSE(trial.Try("fexit/nsobs_there_is_no_such_function").ok());
  EXPECT_FALSE(trial.Try("kretprobe/nsobs_there_is_no_such_function").ok());
  EXPECT_EQ(trial.Try("tp_btf/nsobs_there_is_none").message(),
            "the kernel has no tracepoint nsobs_there_is_none");
  EXPECT_TRUE(trial.Try("tp_btf/signal_generate").ok());
  EXPECT_TRUE(trial.Try("iter/anything").ok()) << "its own load shows it";
}

TEST(HookChoiceTest, KprobesAreNotTriedWhereABetterHookWorks) {
  FunctionTrial trial;
  ProgramRow row = kCall;
  row.better = {"p_better", "tp_btf/signal_generate", "little"};
  const HookChoice choice = ChooseHooks(row, "", "", &trial);
  EXPECT_THAT(HooksOf(choice),
              ElementsAre("tp_btf/signal_generate", "tracepoint/syscalls/sys_exit_x", "iter/task"));
  EXPECT_EQ(choice.reason, "") << "what was tried, and refused";
}

TEST(HookChoiceTest, WhatCostsBystandersGoesWithItsSwitch) {
  FunctionTrial trial;
  ProgramRow row = kCall;
  row.other = {};
  const HookChoice choice = ChooseHooks(row, "--x=off", "", &trial);
  EXPECT_THAT(choice.rows, IsEmpty());
  EXPECT_THAT(choice.reason,
              StartsWith("--x=off; the kernel has no function nsobs_there_is_no_such_function; "));
  EXPECT_THAT(choice.reason, HasSubstr("kprobe")) << "each that was tried";
  row.better = row.probe = {};
  EXPECT_EQ(ChooseHooks(row, "--x=off", "", &trial).reason, "--x=off");
  EXPECT_THAT(HooksOf(ChooseHooks(row, "", "", &trial)),
              ElementsAre("tracepoint/syscalls/sys_exit_x"));
}

// Who opens files is everybody.
TEST(HookChoiceTest, OfFilesAKretprobeIsDearToo) {
  FunctionTrial trial;
  ProgramRow row = kCall;
  row.group = ProgramGroup::kFiles;
  row.other = {};
  EXPECT_EQ(ChooseHooks(row, "--x=auto", "", &trial).reason,
            "--x=auto; the kernel has no function nsobs_there_is_no_such_function");
  EXPECT_EQ(ChooseHooks(row, "--x=auto", "kprobe", &trial).reason, "--x=auto");
}

TEST(HookChoiceTest, AForcedKindIsTheOnlyOneWhereTheSourceHasIt) {
  FunctionTrial trial;
  EXPECT_THAT(HooksOf(ChooseHooks(kCall, "", "tracepoint", &trial)),
              ElementsAre("tracepoint/syscalls/sys_exit_x"));
  EXPECT_THAT(HooksOf(ChooseHooks(kCall, "", "fexit", &trial)), IsEmpty());
  EXPECT_THAT(HooksOf(ChooseHooks(kCall, "", "kprobe", &trial)), IsEmpty());
  ProgramRow row = kCall;
  row.probe = {};
  EXPECT_THAT(HooksOf(ChooseHooks(row, "", "kprobe", &trial)),
              ElementsAre("tracepoint/syscalls/sys_exit_x", "iter/task"));
}

TEST(HookChoiceTest, TheTableTriesTheCheapestFirst) {
  std::set<std::string> programs;
  for (const ProgramRow& row : ProgramTable()) {
    const auto hooks = row.Hooks();
    ASSERT_FALSE(hooks.empty());
    for (size_t i = 0; i < hooks.size(); ++i) {
      EXPECT_TRUE(programs.emplace(hooks[i].program).second) << hooks[i].program << " twice";
      EXPECT_NE(hooks[i].cost, "");
      const bool named = hooks[i].hook.starts_with("tracepoint/");
      EXPECT_TRUE(!named || i + 1 == hooks.size()) << row.source << ": the dearest comes last";
      EXPECT_TRUE(!named || !row.better.program.empty()) << row.source;
      EXPECT_TRUE(!named || !row.probe.program.empty()) << row.source;
      // The same end of the call by each kind.
      const bool at_return = row.hook.starts_with("tracepoint/syscalls/sys_exit_");
      EXPECT_FALSE(at_return && hooks[i].hook.starts_with("kprobe/")) << row.source;
      EXPECT_FALSE(!at_return && hooks[i].hook.starts_with("kretprobe/")) << row.source;
    }
  }
}

}  // namespace
}  // namespace nsobs
