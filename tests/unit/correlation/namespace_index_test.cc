#include "userspace/correlation/namespace_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"

namespace nsobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr NamespaceKind kNet = NamespaceKind::kNet;
constexpr NamespaceKind kMnt = NamespaceKind::kMnt;

class NamespaceIndexTest : public testing::Test {
 protected:
  NamespaceIndexTest() { index_.SetHost(HostNamespaces()); }

  NamespaceIndex index_{{.namespaces = 100, .tombstone_ttl = absl::Seconds(10)}};
};

TEST_F(NamespaceIndexTest, TheHostsAndTheUnreadableAreNobodys) {
  EXPECT_TRUE(index_.IsHost(kNet, HostNamespaces()[kNet]));
  EXPECT_EQ(index_.FindOrAdd(kNet, HostNamespaces()[kNet], 1), nullptr);
  EXPECT_EQ(index_.FindOrAdd(kNet, {0, 0}, 1), nullptr);
  EXPECT_EQ(index_.Born(kNet, {0, 0}, 1), nullptr);
  EXPECT_EQ(index_.size(), 0u);
}

TEST_F(NamespaceIndexTest, WithoutAHostEverythingIsTheHosts) {
  NamespaceIndex blind({.namespaces = 10, .tombstone_ttl = absl::Seconds(1)});
  EXPECT_TRUE(blind.IsHost(kNet, {5000, 7}));
  EXPECT_EQ(blind.FindOrAdd(kNet, {5000, 7}, 1), nullptr);
}

TEST_F(NamespaceIndexTest, AnIdIsNeverReused) {
  NamespaceInfo* first = index_.Born(kNet, {5000, 71}, 1);
  index_.AddOwner(first, 1, true);
  NamespaceInfo* second = index_.Born(kNet, {5000, 72}, 2);
  EXPECT_NE(first->serial, second->serial);
  EXPECT_EQ(first->died_boot_ns, 2) << "its inode has a new life";
  EXPECT_THAT(second->owners, IsEmpty());
  EXPECT_EQ(index_.Find(kNet, {5000, 71}, 3), first);
  EXPECT_EQ(index_.Find(kNet, {5000, 72}, 3), second);
  EXPECT_EQ(index_.Find(kNet, {5000, 73}, 3), nullptr);
  EXPECT_EQ(index_.Find(kMnt, {5000, 72}, 3), nullptr) << "the same number of another kind";
}

TEST_F(NamespaceIndexTest, WithoutIdsABirthMakesANewGeneration) {
  NamespaceInfo* first = index_.Born(kMnt, {5000, 0}, 10);
  NamespaceInfo* second = index_.Born(kMnt, {5000, 0}, 20);
  EXPECT_NE(first->serial, second->serial);
  EXPECT_EQ(index_.Find(kMnt, {5000, 0}, 25), second);
  EXPECT_EQ(index_.Find(kMnt, {5000, 0}, 15), first) << "a record of before";
  EXPECT_EQ(index_.Born(kMnt, {5000, 0}, 20), second) << "the same birth told twice";
}

TEST_F(NamespaceIndexTest, AnIdIsLearntFromTheFirstRecord) {
  NamespaceInfo* scanned = index_.FindOrAdd(kMnt, {5000, 0}, 1);
  EXPECT_EQ(index_.Find(kMnt, {5000, 9}, 2), scanned);
  EXPECT_EQ(scanned->identity.id, 9u);
  EXPECT_EQ(index_.Find(kMnt, {5000, 10}, 3), nullptr) << "it has its id";
  NamespaceInfo* other = index_.FindOrAdd(kMnt, {5000, 10}, 3);
  EXPECT_NE(other, scanned);
  EXPECT_EQ(scanned->died_boot_ns, 3);
}

TEST_F(NamespaceIndexTest, NothingIsTakenForANamespaceWhoseOwnerEnded) {
  NamespaceInfo* scanned = index_.FindOrAdd(kMnt, {5000, 0}, 1);
  scanned->sealed = true;
  EXPECT_EQ(index_.Find(kMnt, {5000, 9}, 2), nullptr);
}

TEST_F(NamespaceIndexTest, ReconcileBuriesTheEmpty) {
  index_.FindOrAdd(kNet, {5000, 0}, 1);
  index_.FindOrAdd(kNet, {5001, 0}, 1);
  index_.FindOrAdd(kNet, {5002, 0}, 1);
  index_.FindOrAdd(kNet, {5003, 0}, 100);  // heard of since
  index_.TakeChanged();
  index_.Reconcile({{{kNet, 5000}, 3}}, {{kNet, 5001}}, 50);
  EXPECT_EQ(index_.Find(kNet, {5000, 0}, 60)->died_boot_ns, 0);
  EXPECT_EQ(index_.Find(kNet, {5000, 0}, 60)->process_count, 3u);
  EXPECT_EQ(index_.Find(kNet, {5001, 0}, 60)->died_boot_ns, 0) << "mounted somewhere";
  EXPECT_EQ(index_.Find(kNet, {5002, 0}, 60)->died_boot_ns, 50);
  EXPECT_EQ(index_.Find(kNet, {5003, 0}, 60)->died_boot_ns, 0);
  ASSERT_EQ(index_.TakeChanged().size(), 1u);
  // It was held by what /proc doesn't show.
  index_.FindOrAdd(kNet, {5002, 0}, 70);
  EXPECT_EQ(index_.Find(kNet, {5002, 0}, 70)->died_boot_ns, 0);
}

TEST_F(NamespaceIndexTest, TombstonesGo) {
  index_.Born(kNet, {5000, 71}, kSecond);
  index_.Reconcile({}, {}, 2 * kSecond);
  index_.DropTombstones(11 * kSecond);
  EXPECT_NE(index_.Find(kNet, {5000, 71}, 0), nullptr);
  index_.DropTombstones(13 * kSecond);
  EXPECT_EQ(index_.Find(kNet, {5000, 71}, 0), nullptr);
  EXPECT_EQ(index_.size(), 0u);
}

TEST_F(NamespaceIndexTest, Owners) {
  NamespaceInfo* info = index_.FindOrAdd(kNet, {5000, 0}, 1);
  index_.AddOwner(info, 1, false);
  index_.AddOwner(info, 2, false);
  index_.AddOwner(info, 2, false);
  EXPECT_THAT(info->owners, ElementsAre(1, 2));
  index_.AddOwner(info, 2, true);
  EXPECT_THAT(info->owners, ElementsAre(2, 1));
  EXPECT_TRUE(index_.HasLiving(1));
  index_.RemoveOwner(1);
  EXPECT_THAT(info->owners, ElementsAre(2));
  EXPECT_FALSE(index_.HasLiving(1));
}

TEST_F(NamespaceIndexTest, AMillionShortLivesStayBoundedAndNoneIsWrong) {
  NamespaceInfo* kept = index_.Born(kNet, {4999, 1}, 1);
  index_.AddOwner(kept, 42, true);
  for (uint64_t i = 2; i < 100'000; ++i) {
    NamespaceInfo* info = index_.Born(kMnt, {5000, i}, static_cast<int64_t>(i));
    ASSERT_THAT(info->owners, IsEmpty());
    index_.AddOwner(info, i, true);
    ASSERT_LE(index_.size(), 100u);
  }
  EXPECT_THAT(index_.Find(kNet, {4999, 1}, 0)->owners, ElementsAre(42));
  EXPECT_THAT(index_.Find(kMnt, {5000, 99'999}, 0)->owners, ElementsAre(99'999));
}

}  // namespace
}  // namespace nsobs
