#include "userspace/pipeline/owner_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kSecond = 1'000'000'000;
constexpr NamespaceKind kNet = NamespaceKind::kNet;
const CounterKey kKey = {{77, 0}, {4'026'532'000, 500}};

ContainerRef Named(const std::string& name, int64_t died_boot_ns) {
  auto out = std::make_shared<Container>();
  out->name = name;
  out->died_boot_ns = died_boot_ns;
  return out;
}

FindCounterOwner Finds(ContainerRef container) {
  return [container](const CounterKey&, NamespaceKind) { return container; };
}

Counter ConnectCounter(uint32_t error) {
  return {CounterFamily::kConnectFailure, false, kKey, 1, error, 5};
}

using State = CounterWhose::State;

class OwnerBookTest : public ::testing::Test {
 protected:
  CounterWhose Whose(const FindCounterOwner& find, int64_t now = 0) {
    return book_.WhoseIs(kKey, kNet, find, [this] { return hosts_; }, now);
  }
  ContainerRef OwnerOf(const CounterKey& key, NamespaceKind kind, const FindCounterOwner& find) {
    return book_.WhoseIs(key, kind, find, [this] { return hosts_; }, 0).container;
  }

  bool hosts_ = true;
  OwnerBook book_{absl::Seconds(60)};
};

TEST_F(OwnerBookTest, WhoHasNoOtherNamespaceIsTheHost) {
  EXPECT_EQ(Whose(Finds(nullptr)).state, State::kHosts);
}

// A namespace that is not named yet: what it counted must not be shown as the host's, and then
// again as its owner's.
TEST_F(OwnerBookTest, AStrangerWaitsForItsName) {
  hosts_ = false;
  EXPECT_EQ(Whose(Finds(nullptr), 100 * kSecond).state, State::kNotYet);
  EXPECT_EQ(Whose(Finds(nullptr), 114 * kSecond).state, State::kNotYet);
  const ContainerRef web = Named("web", 0);
  EXPECT_EQ(Whose(Finds(web), 114 * kSecond).container, web);
  EXPECT_EQ(Whose(Finds(nullptr), 300 * kSecond).container, web);
}

TEST_F(OwnerBookTest, WhoIsNotFoundInTimeStaysNobody) {
  hosts_ = false;
  EXPECT_EQ(Whose(Finds(nullptr), 100 * kSecond).state, State::kNotYet);
  EXPECT_EQ(Whose(Finds(nullptr), 115 * kSecond).state, State::kNobodys);
  EXPECT_EQ(Whose(Finds(Named("web", 0)), 116 * kSecond).state, State::kNobodys);
}

TEST_F(OwnerBookTest, WhatAPredecessorLeftMayBeNobodys) {
  book_.SetNobodys(kKey, kNet);
  EXPECT_EQ(Whose(Finds(Named("web", 0))).state, State::kNobodys);
}

TEST_F(OwnerBookTest, ACountKeepsItsOwnerWhenNobodyElseKnowsIt) {
  const ContainerRef web = Named("web", 0);
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(web)), web);
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(nullptr)), web);
  EXPECT_EQ(OwnerOf(kKey, NamespaceKind::kPid, Finds(nullptr)), nullptr);
  CounterKey other = kKey;
  other.ns.id++;
  EXPECT_EQ(OwnerOf(other, kNet, Finds(nullptr)), nullptr);
}

TEST_F(OwnerBookTest, TheNewestStateCounts) {
  OwnerOf(kKey, kNet, Finds(Named("7c75", 0)));
  const ContainerRef named = Named("web", 0);
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(named)), named);
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(nullptr)), named);
}

// No id, but the inode once more: one cgroup, two owners, and the kernel has one count for both.
TEST_F(OwnerBookTest, WhatIsOfTwoOwnersIsNobodys) {
  CounterKey bare = kKey;
  bare.ns.id = bare.ns.inode;
  const auto named = [](const std::string& name, const std::string& id, uint32_t init) {
    auto out = std::make_shared<Container>();
    out->name = name;
    out->id = id;
    out->runtime = id.starts_with("mnt:") ? "unshare" : "runc";
    out->init.pid = init;
    return out;
  };
  const auto state = [&](const ContainerRef& found) {
    return book_.WhoseIs(bare, kNet, Finds(found), [] { return false; }, 0).state;
  };
  EXPECT_EQ(state(named("unshare sh/7", "mnt:[77]", 7)), State::kKnown);
  EXPECT_EQ(state(named("web", "abc", 8)), State::kKnown) << "it turned out to be a container";
  EXPECT_EQ(state(named("shop", "abc", 8)), State::kKnown) << "it was renamed";
  EXPECT_EQ(state(named("db", "def", 9)), State::kNobodys);
  EXPECT_EQ(state(named("shop", "abc", 8)), State::kNobodys) << "and stays it";
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(named("a", "abc", 8)))->name, "a");
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(named("b", "def", 9)))->name, "b") << "an id is exact";
}

TEST_F(OwnerBookTest, TheLivingAndTheHostStay) {
  KernelCounters counters;
  counters.counters = {ConnectCounter(111)};
  OwnerOf(kKey, kNet, Finds(nullptr));
  EXPECT_THAT(book_.TakeGone(counters, 1000 * kSecond).counters, IsEmpty());
  OwnerOf(kKey, kNet, Finds(Named("web", 0)));
  EXPECT_THAT(book_.TakeGone(counters, 1000 * kSecond).counters, IsEmpty());
  EXPECT_THAT(book_.TakeGone(counters, 2000 * kSecond).counters, IsEmpty());
}

TEST_F(OwnerBookTest, TheDeadGoAfterTheirTimeAndOneMoreLook) {
  const ContainerRef dead = Named("web", 100 * kSecond);
  KernelCounters counters;
  counters.counters = {ConnectCounter(111), ConnectCounter(110)};
  counters.tcp = {{false, kKey, 2, 0, 2, 0}};
  OwnerOf(kKey, kNet, Finds(dead));
  EXPECT_THAT(book_.TakeGone(counters, 159 * kSecond).counters, IsEmpty());  // too early
  EXPECT_THAT(book_.TakeGone(counters, 160 * kSecond).counters, IsEmpty());  // the first look
  const OwnerBook::Gone gone = book_.TakeGone(counters, 161 * kSecond);
  EXPECT_THAT(gone.counters, SizeIs(2));  // all of it at once: none is left for the host
  EXPECT_THAT(gone.tcp, SizeIs(1));
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(nullptr)), nullptr);  // and it is forgotten
}

TEST_F(OwnerBookTest, AConnectInFlightHoldsItsOwnerBack) {
  KernelCounters counters;
  counters.counters = {ConnectCounter(111)};
  counters.tcp = {{false, kKey, 3, 0, 2, 0}};
  const ContainerRef dead = Named("web", kSecond);
  OwnerOf(kKey, kNet, Finds(dead));
  for (int64_t at = 100; at < 105; ++at) {
    const OwnerBook::Gone gone = book_.TakeGone(counters, at * kSecond);
    EXPECT_THAT(gone.counters, IsEmpty());
    EXPECT_THAT(gone.tcp, IsEmpty());
  }
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(nullptr)), dead);
  counters.tcp[0].abandoned = 1;
  EXPECT_THAT(book_.TakeGone(counters, 105 * kSecond).tcp, SizeIs(1));
}

TEST_F(OwnerBookTest, LossesKeepTheirNameForGood) {
  KernelCounters counters;
  counters.counters = {ConnectCounter(111)};
  counters.losses = {{kKey, EventKind::kConnectFailure, "budget", 3}};
  const ContainerRef dead = Named("web", kSecond);
  OwnerOf(kKey, kNet, Finds(dead));
  book_.TakeGone(counters, 100 * kSecond);
  EXPECT_THAT(book_.TakeGone(counters, 101 * kSecond).counters, SizeIs(1));
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(nullptr)), dead);
}

TEST_F(OwnerBookTest, OverflowIsNobodys) {
  KernelCounters counters;
  counters.counters = {ConnectCounter(111)};
  counters.counters[0].overflow = true;
  counters.tcp = {{true, kKey, 1, 1, 0, 0}};
  OwnerOf(kKey, kNet, Finds(Named("web", kSecond)));
  book_.TakeGone(counters, 100 * kSecond);
  const OwnerBook::Gone gone = book_.TakeGone(counters, 101 * kSecond);
  EXPECT_THAT(gone.counters, IsEmpty());
  EXPECT_THAT(gone.tcp, IsEmpty());
}

// It died, and its tombstone went, between two looks.
TEST_F(OwnerBookTest, WhoIsMissedForLongEnoughIsDead) {
  KernelCounters counters;
  counters.counters = {ConnectCounter(111)};
  const ContainerRef web = Named("web", 0);
  OwnerOf(kKey, kNet, Finds(web));
  EXPECT_EQ(OwnerOf(kKey, kNet, Finds(nullptr)), web);
  EXPECT_THAT(book_.TakeGone(counters, 1000 * kSecond).counters, IsEmpty());  // missed from here
  EXPECT_THAT(book_.TakeGone(counters, 1059 * kSecond).counters, IsEmpty());
  EXPECT_THAT(book_.TakeGone(counters, 1060 * kSecond).counters, IsEmpty());
  EXPECT_THAT(book_.TakeGone(counters, 1061 * kSecond).counters, SizeIs(1));
}

TEST_F(OwnerBookTest, WhoIsFoundAgainWasNotDead) {
  KernelCounters counters;
  counters.counters = {ConnectCounter(111)};
  const ContainerRef web = Named("web", 0);
  OwnerOf(kKey, kNet, Finds(web));
  OwnerOf(kKey, kNet, Finds(nullptr));
  book_.TakeGone(counters, 1000 * kSecond);
  OwnerOf(kKey, kNet, Finds(web));
  EXPECT_THAT(book_.TakeGone(counters, 1100 * kSecond).counters, IsEmpty());
  EXPECT_THAT(book_.TakeGone(counters, 1200 * kSecond).counters, IsEmpty());
}

}  // namespace
}  // namespace nsobs
