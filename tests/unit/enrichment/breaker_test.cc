#include "userspace/enrichment/breaker.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

void FailThrice(Breaker* breaker, int64_t now_ns) {
  for (int i = 0; i < 3; ++i) breaker->Failed(now_ns);
}

TEST(BreakerTest, TwoFailuresAreForgivenByASuccess) {
  Breaker breaker;
  for (int i = 0; i < 5; ++i) {
    breaker.Failed(0);
    breaker.Failed(0);
    EXPECT_FALSE(breaker.open());
    EXPECT_TRUE(breaker.MayAsk(0));
    breaker.Succeeded();
  }
}

TEST(BreakerTest, OpensForFiveSecondsAfterThreeFailures) {
  Breaker breaker;
  FailThrice(&breaker, 100 * kSecond);
  EXPECT_TRUE(breaker.open());
  EXPECT_FALSE(breaker.MayAsk(105 * kSecond - 1));
  EXPECT_TRUE(breaker.MayAsk(105 * kSecond));
}

TEST(BreakerTest, EachFailedTryDoublesThePauseUpToFiveMinutes) {
  Breaker breaker;
  int64_t now_ns = 0;
  FailThrice(&breaker, now_ns);
  for (const int64_t pause_s : {5, 10, 20, 40, 80, 160, 300, 300}) {
    EXPECT_FALSE(breaker.MayAsk(now_ns + pause_s * kSecond - 1)) << pause_s;
    now_ns += pause_s * kSecond;
    EXPECT_TRUE(breaker.MayAsk(now_ns)) << pause_s;
    breaker.Failed(now_ns);
  }
}

TEST(BreakerTest, OneSuccessClosesIt) {
  Breaker breaker;
  FailThrice(&breaker, 0);
  breaker.Failed(5 * kSecond);
  breaker.Succeeded();
  EXPECT_FALSE(breaker.open());
  EXPECT_TRUE(breaker.MayAsk(5 * kSecond));
  FailThrice(&breaker, 6 * kSecond);
  EXPECT_TRUE(breaker.MayAsk(11 * kSecond)) << "the first pause again";
}

}  // namespace
}  // namespace nsobs
