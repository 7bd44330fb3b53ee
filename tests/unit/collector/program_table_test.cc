#include "userspace/collector/program_table.h"

#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

namespace nsobs {
namespace {

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};

// Name -> section of every program that was built.
std::map<std::string, std::string> BuiltPrograms() {
  std::map<std::string, std::string> out;
  std::unique_ptr<bpf_object, CloseObject> object(bpf_object__open_file(NSOBS_BPF_OBJECT, nullptr));
  if (object == nullptr) {
    ADD_FAILURE() << "can't open " << NSOBS_BPF_OBJECT;
    return out;
  }
  bpf_program* program;
  bpf_object__for_each_program(program, object.get()) {
    out[bpf_program__name(program)] = bpf_program__section_name(program);
  }
  return out;
}

TEST(ProgramTableTest, EachProgramIsBuiltForTheHookThatTheTableNames) {
  const auto built = BuiltPrograms();
  for (const ProgramRow& row : ProgramTable()) {
    for (const HookRow& hook : row.Hooks()) {
      auto it = built.find(std::string(hook.program));
      ASSERT_NE(it, built.end()) << hook.program;
      if (hook.hook == "test_run") {  // run by ourselves: its section says only what it may do
        EXPECT_TRUE(it->second.starts_with("raw_tp/")) << hook.program;
        continue;
      }
      EXPECT_EQ(it->second, hook.hook) << hook.program;
    }
  }
}

TEST(ProgramTableTest, EachProgramThatIsBuiltHasARow) {
  std::set<std::string> in_table;
  for (const ProgramRow& row : ProgramTable()) {
    for (const HookRow& hook : row.Hooks()) in_table.emplace(hook.program);
  }
  for (const auto& [name, section] : BuiltPrograms()) {
    if (name == "nsobs_self_test") continue;  // run once at the start, never attached
    EXPECT_TRUE(in_table.contains(name)) << name << " would never be attached";
  }
}

TEST(ProgramTableTest, NamesAreUniqueAndWordsAreThere) {
  std::set<std::string_view> sources, programs;
  for (const ProgramRow& row : ProgramTable()) {
    EXPECT_TRUE(sources.insert(row.source).second) << row.source;
    EXPECT_TRUE(programs.insert(row.program).second) << row.program;
    EXPECT_FALSE(row.cost.empty()) << row.source;
    EXPECT_FALSE(row.blind.empty()) << row.source;
  }
  EXPECT_FALSE(sources.empty());
}

// "off" must leave no hook that slows every syscall of the host.
TEST(ProgramTableTest, EachSyscallTracepointHangsOnItsSwitch) {
  for (const ProgramRow& row : ProgramTable()) {
    const bool is_syscall_hook = row.hook.starts_with("tracepoint/syscalls/") ||
                                 row.hook == "tp_btf/sys_enter" || row.hook == "tp_btf/sys_exit";
    EXPECT_EQ(row.group == ProgramGroup::kSyscallHooks || row.group == ProgramGroup::kFiles ||
                  row.group == ProgramGroup::kFileWrites,
              is_syscall_hook)
        << row.source;
    EXPECT_EQ(row.group == ProgramGroup::kIoUring, row.hook.find("io_uring") != row.hook.npos);
  }
}

}  // namespace
}  // namespace nsobs
