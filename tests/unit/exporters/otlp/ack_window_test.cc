#include "exporters/otlp/ack_window.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

OtlpCursor At(int64_t id) { return {.event_id = id}; }

TEST(AckWindow, GoesBackToWhatWasAcknowledgedAWindowAgo) {
  AckWindow window(At(0), absl::Seconds(15));
  for (int64_t second = 1; second <= 60; ++second) window.Acknowledge(At(second), second * kSecond);
  EXPECT_EQ(window.now(), At(60));
  EXPECT_TRUE(window.Rewind(60 * kSecond));
  EXPECT_LE(window.now().event_id, 45);  // acknowledged at 46 s and later is not trusted
  EXPECT_GE(window.now().event_id, 43);  // and not much more than that is sent again
  EXPECT_FALSE(window.Rewind(60 * kSecond)) << "it is there already";
}

TEST(AckWindow, EachAcknowledgementOfAFloodIsWithinTheWayBack) {
  AckWindow window(At(0), absl::Seconds(15));
  int64_t id = 0;
  int64_t at_25_s = 0;
  for (int64_t ms = 0; ms < 40'000; ms += 3) {
    if (ms <= 25'000) at_25_s = id;
    window.Acknowledge(At(++id), ms * kSecond / 1000);
  }
  ASSERT_TRUE(window.Rewind(40 * kSecond));
  EXPECT_LE(window.now().event_id, at_25_s);
  EXPECT_GE(window.now().event_id, at_25_s - 400);
}

TEST(AckWindow, AtRestEverythingSettles) {
  AckWindow window(At(7), absl::Seconds(15));
  window.Acknowledge(At(9), kSecond);
  EXPECT_EQ(window.Settled(2 * kSecond), At(7));
  EXPECT_EQ(window.Settled(17 * kSecond), At(9));
  EXPECT_FALSE(window.Rewind(18 * kSecond));
  EXPECT_EQ(window.now(), At(9));
}

TEST(AckWindow, GoesOnFromWhereItWentBackTo) {
  AckWindow window(At(0), absl::Seconds(10));
  window.Acknowledge(At(100), 1 * kSecond);
  window.Acknowledge(At(200), 30 * kSecond);
  ASSERT_TRUE(window.Rewind(31 * kSecond));
  EXPECT_EQ(window.now(), At(100));
  window.Acknowledge(At(150), 32 * kSecond);
  EXPECT_EQ(window.Settled(33 * kSecond), At(100));
  ASSERT_TRUE(window.Rewind(34 * kSecond));  // a second failure during the backfill
  EXPECT_EQ(window.now(), At(100));
}

TEST(AckWindow, WithoutAWindowEachAcknowledgementIsFinal) {
  AckWindow window(At(0), absl::ZeroDuration());
  window.Acknowledge(At(5), kSecond);
  EXPECT_EQ(window.Settled(kSecond), At(5));
  EXPECT_FALSE(window.Rewind(kSecond));
}

}  // namespace
}  // namespace nsobs
