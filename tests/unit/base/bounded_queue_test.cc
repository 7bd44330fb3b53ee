#include "userspace/base/bounded_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/mutex.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kNoWait = absl::ZeroDuration();

TEST(BoundedQueueTest, GivesEverythingInOrder) {
  BoundedQueue<int> queue(10);
  EXPECT_THAT(queue.PopAll(kNoWait), IsEmpty());
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(queue.Push(std::move(i)));
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_THAT(queue.PopAll(absl::InfiniteDuration()), ElementsAre(1, 2, 3));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_THAT(queue.PopAll(kNoWait), IsEmpty());
}

TEST(BoundedQueueTest, WhatDoesNotFitIsRefusedAndUntouched) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.Push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.Push(std::move(second)));
  ASSERT_NE(second, nullptr);  // NOLINT: a refused push leaves it where it was
  EXPECT_EQ(*second, 2);
  EXPECT_EQ(queue.PopAll(kNoWait).size(), 1u);
  EXPECT_TRUE(queue.Push(std::move(second)));
}

TEST(BoundedQueueTest, NoCapacityTakesNothing) {
  BoundedQueue<int> queue(0);
  EXPECT_FALSE(queue.Push(1));
}

TEST(BoundedQueueTest, AfterCloseWhatWasQueuedStillComesOut) {
  BoundedQueue<std::string> queue(10);
  EXPECT_FALSE(queue.closed());
  EXPECT_TRUE(queue.Push("kept"));
  queue.Close();
  EXPECT_TRUE(queue.closed());
  std::string refused = "refused";
  EXPECT_FALSE(queue.Push(std::move(refused)));
  EXPECT_EQ(refused, "refused");  // NOLINT: a refused push leaves it where it was
  EXPECT_THAT(queue.PopAll(absl::InfiniteDuration()), ElementsAre("kept"));
  EXPECT_THAT(queue.PopAll(absl::InfiniteDuration()), IsEmpty());  // closed: does not wait
}

TEST(BoundedQueueTest, PushWakesTheOneThatWaits) {
  BoundedQueue<int> queue(10);
  std::vector<int> got;
  std::thread consumer([&] { got = queue.PopAll(absl::InfiniteDuration()); });
  EXPECT_TRUE(queue.Push(5));
  consumer.join();
  EXPECT_THAT(got, ElementsAre(5));
}

TEST(BoundedQueueTest, CloseWakesTheOneThatWaits) {
  BoundedQueue<int> queue(10);
  std::vector<int> got = {1};
  std::thread consumer([&] { got = queue.PopAll(absl::InfiniteDuration()); });
  queue.Close();
  consumer.join();
  EXPECT_THAT(got, IsEmpty());
}

// Nothing is lost or doubled, and each producer's items stay in order.
TEST(BoundedQueueTest, ManyProducersOneConsumer) {
  constexpr uint64_t kProducers = 4, kEach = 20'000;
  BoundedQueue<uint64_t> queue(64);
  std::vector<std::thread> producers;
  for (uint64_t p = 0; p < kProducers; ++p) {
    producers.emplace_back([&queue, p] {
      for (uint64_t i = 0; i < kEach; ++i) {
        uint64_t item = p * kEach + i;
        while (!queue.Push(std::move(item))) std::this_thread::yield();
      }
    });
  }
  std::vector<uint64_t> next(kProducers, 0);
  uint64_t total = 0;
  while (total < kProducers * kEach) {
    const std::vector<uint64_t> items = queue.PopAll(absl::InfiniteDuration());
    ASSERT_LE(items.size(), 64u);
    for (uint64_t item : items) ASSERT_EQ(item % kEach, next[item / kEach]++);
    total += items.size();
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(total, kProducers * kEach);
  EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace nsobs
