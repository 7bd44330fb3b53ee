#include "userspace/collector/bulk_limit.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

TEST(BulkLimitTest, TheSmallerOfBothHolds) {
  volatile nsobs_settings settings = {};
  BulkLimit limit;
  limit.Set(&settings, 250'000, 1'000'000);
  EXPECT_EQ(settings.bulk_rate_per_second, 250'000u);
  EXPECT_EQ(settings.bulk_burst, 1'000'000u);
  limit.SetMost(&settings, 1000);
  EXPECT_EQ(settings.bulk_rate_per_second, 1000u);
  EXPECT_EQ(settings.bulk_burst, 1000u);
  limit.Set(&settings, 500, 2000);  // a reload meanwhile
  EXPECT_EQ(settings.bulk_rate_per_second, 500u);
  EXPECT_EQ(settings.bulk_burst, 1000u);
  limit.SetMost(&settings, UINT64_MAX);
  EXPECT_EQ(settings.bulk_rate_per_second, 500u);
  EXPECT_EQ(settings.bulk_burst, 2000u);
}

}  // namespace
}  // namespace nsobs
