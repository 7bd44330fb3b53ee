#include "userspace/pipeline/queue_room.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace nsobs {
namespace {

constexpr CgroupKey kFlooder = {1, 0};
constexpr CgroupKey kNeighbour = {2, 0};

size_t Fill(SharedPlaces* places, const CgroupKey& owner) {
  size_t got = 0;
  while (places->Take(owner)) ++got;
  return got;
}

constexpr size_t kPlaces = 1280;
constexpr size_t kLittle = kPlaces / 128;

TEST(SharedPlacesTest, OneAloneGetsThreeEighths) {
  SharedPlaces places(kPlaces);
  EXPECT_EQ(Fill(&places, kFlooder), 480u);
  EXPECT_EQ(places.taken(), 480u);
}

TEST(SharedPlacesTest, ManyAtTheSameTimeGetAlike) {
  SharedPlaces places(kPlaces);
  for (size_t round = 0; round < kPlaces; ++round) {
    for (uint64_t flooder = 10; flooder < 26; ++flooder) places.Take({flooder, 0});
  }
  for (uint64_t flooder = 10; flooder < 26; ++flooder) {
    std::vector<CgroupKey> all(60, CgroupKey{flooder, 0});
    const size_t before = places.taken();
    places.GiveBack(all);
    EXPECT_NEAR(static_cast<double>(before - places.taken()), 56, 3);
  }
}

TEST(SharedPlacesTest, WhoeverHasLittleGetsMoreThanWhoeverHasMuch) {
  SharedPlaces places(kPlaces);
  Fill(&places, kFlooder);
  EXPECT_FALSE(places.Take(kFlooder));
  EXPECT_EQ(Fill(&places, kNeighbour), 240u);
  // A place that comes back is for whoever has less.
  places.GiveBack(std::vector<CgroupKey>{kFlooder});
  EXPECT_TRUE(places.Take(kNeighbour));
  EXPECT_FALSE(places.Take(kFlooder));
}

// However they come, and though nothing is given back.
TEST(SharedPlacesTest, FloodersTogetherLeaveRoomForThoseWhoHaveLittle) {
  SharedPlaces places(kPlaces);
  for (int round = 0; round < 3; ++round) {
    for (uint64_t flooder = 10; flooder < 26; ++flooder) Fill(&places, {flooder, 0});
  }
  for (uint64_t neighbour = 30; neighbour < 46; ++neighbour) {
    EXPECT_GE(Fill(&places, {neighbour, 0}), kLittle);
  }
  EXPECT_LE(places.taken(), kPlaces);
}

TEST(SharedPlacesTest, TheSameNumberInAnotherHierarchyIsAnother) {
  SharedPlaces places(kPlaces);
  Fill(&places, {7, 0});
  EXPECT_TRUE(places.Take({7, 1}));
}

TEST(SharedPlacesTest, AllPlacesComeBack) {
  SharedPlaces places(kPlaces);
  const size_t got = Fill(&places, kFlooder);
  places.GiveBack(std::vector<CgroupKey>(got, kFlooder));
  EXPECT_EQ(places.taken(), 0u);
  places.GiveBack(std::vector<CgroupKey>{kNeighbour});  // has none: nothing is taken away
  EXPECT_EQ(places.taken(), 0u);
  EXPECT_EQ(Fill(&places, kFlooder), got);
}

TEST(SharedPlacesTest, NoneAreNone) {
  SharedPlaces places(0);
  EXPECT_FALSE(places.Take(kFlooder));
}

TEST(SharedPlacesTest, Threads) {
  SharedPlaces places(1000);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&places, t] {
      const std::vector<CgroupKey> mine = {{t, 0}};
      for (int i = 0; i < 1000; ++i) {
        if (places.Take(mine[0])) places.GiveBack(mine);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(places.taken(), 0u);
}

TEST(PlacesTest, AllOrNone) {
  Places places(10);
  EXPECT_TRUE(places.Take(6));
  EXPECT_FALSE(places.Take(5));
  EXPECT_TRUE(places.Take(4));
  places.GiveBack(10);
  EXPECT_EQ(places.taken(), 0u);
}

TEST(PlacesTest, WhatIsLargerThanAllWaitsUntilAllAreFree) {
  Places places(10);
  EXPECT_TRUE(places.Take(1));
  EXPECT_FALSE(places.Take(11));
  places.GiveBack(1);
  EXPECT_TRUE(places.Take(11));
  EXPECT_FALSE(places.Take(1));
}

}  // namespace
}  // namespace nsobs
