#include "userspace/collector/missing_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/collector/program_table.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;

TEST(MissingCallTest, IsNamedForBothSidesOfTheCall) {
  const std::string_view missing[] = {"open"};
  for (const char* hook :
       {"tracepoint/syscalls/sys_exit_open", "tracepoint/syscalls/sys_enter_open"}) {
    EXPECT_EQ(WhyNoCall(hook, missing), "this architecture has no open()");
  }
}

TEST(MissingCallTest, OthersAreThere) {
  const std::string_view missing[] = {"open"};
  for (const char* hook : {"tracepoint/syscalls/sys_exit_openat", "tp_btf/open", "iter/task",
                           "tracepoint/syscalls/sys_exit_", ""}) {
    EXPECT_THAT(WhyNoCall(hook, missing), IsEmpty()) << hook;
  }
}

TEST(MissingCallTest, OfThisArchitecture) {
  int missing = 0;
  for (const ProgramRow& row : ProgramTable()) missing += !WhyNoCall(row.hook).empty();
#if defined(__x86_64__)
  EXPECT_EQ(missing, 0);
#elif defined(__aarch64__)
  EXPECT_EQ(missing, 6);
#endif
}

}  // namespace
}  // namespace nsobs
