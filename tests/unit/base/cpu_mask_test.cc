#include "userspace/base/cpu_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <thread>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CpuMaskTest, OneIsOne) {
  EXPECT_THAT(CpuMask::One(0).cpus(), ElementsAre(0u));
  EXPECT_THAT(CpuMask::One(63).cpus(), ElementsAre(63u));
  EXPECT_THAT(CpuMask::One(64).cpus(), ElementsAre(64u));
  EXPECT_THAT(CpuMask::One(8191).cpus(), ElementsAre(8191u));
  EXPECT_THAT(CpuMask::One(8192).cpus(), IsEmpty());
}

TEST(CpuMaskTest, AThreadIsOnThatCpuByTheReturn) {
  std::thread([] {
    const CpuMask home = CpuMask::Of(0);
    ASSERT_FALSE(home.cpus().empty());
    for (const uint32_t cpu : home.cpus()) {
      ASSERT_TRUE(CpuMask::One(cpu).Apply(0));
      EXPECT_EQ(sched_getcpu(), static_cast<int>(cpu));
      EXPECT_THAT(CpuMask::Of(0).cpus(), ElementsAre(cpu));
    }
    ASSERT_TRUE(home.Apply(0));
    EXPECT_EQ(CpuMask::Of(0).cpus(), home.cpus());
  }).join();
}

TEST(CpuMaskTest, WhatIsNotThereCannotBeHad) {
  EXPECT_FALSE(CpuMask::One(8000).Apply(0));
  EXPECT_FALSE(CpuMask::One(0).Apply(0x7fffffff));
  EXPECT_THAT(CpuMask::Of(0x7fffffff).cpus(), IsEmpty());
}

}  // namespace
}  // namespace nsobs
