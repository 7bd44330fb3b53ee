#include "userspace/base/deadline.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"

namespace nsobs {
namespace {

TEST(DeadlineTest, TimePasses) {
  const Deadline soon = Deadline::In(absl::Milliseconds(20));
  EXPECT_GT(soon.left(), absl::ZeroDuration());
  EXPECT_LE(soon.left(), absl::Milliseconds(20));
  absl::SleepFor(absl::Milliseconds(25));
  EXPECT_LT(soon.left(), absl::ZeroDuration());
  EXPECT_EQ(Deadline::Never().left(), absl::InfiniteDuration());
}

}  // namespace
}  // namespace nsobs
