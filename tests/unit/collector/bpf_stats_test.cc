#include "userspace/collector/bpf_stats.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

TEST(BpfStatsTest, NoProgramCostsNothing) {
  const ProgramCost cost = ReadProgramCost("signal_generate", -1);
  EXPECT_EQ(cost.program, "signal_generate");
  EXPECT_EQ(cost.run_time_ns, 0u);
  EXPECT_EQ(cost.run_count, 0u);
  EXPECT_EQ(cost.recursion_misses, 0u);
  EXPECT_EQ(cost.probe_misses, std::nullopt);
  EXPECT_EQ(ReadProbeMisses(-1), 0u);
}

}  // namespace
}  // namespace nsobs
