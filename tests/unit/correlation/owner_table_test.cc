#include "userspace/correlation/owner_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace nsobs {
namespace {

using testing::IsEmpty;

constexpr int64_t kSecond = 1'000'000'000;
constexpr OwnerTable::Limits kSmall = {
    .owners = 4, .unshare_owners = 2, .tombstone_ttl = absl::Seconds(10)};

Owner* AddListed(OwnerTable* table, OwnerSort sort, const std::string& key) {
  Owner* owner = table->Add(sort, key);
  if (owner == nullptr) return nullptr;
  owner->draft.name = key;
  owner->draft.source = "cgroup";
  owner->listed = true;
  table->Publish(owner);
  return owner;
}

TEST(OwnerTableTest, OnlyTheListedArePublic) {
  OwnerTable table(kSmall);
  Owner* owner = table.Add(OwnerSort::kContainer, "x");
  owner->draft.name = "x";
  table.Publish(owner);
  EXPECT_EQ(table.RefAt(owner->facts.id, 1), nullptr);
  EXPECT_THAT(table.TakeChanged(), IsEmpty());
  owner->listed = true;
  table.Publish(owner);
  EXPECT_EQ(table.RefAt(owner->facts.id, 1)->name, "x");
  EXPECT_EQ(table.TakeChanged().size(), 1u);
  const uint64_t version = table.version();
  table.Publish(owner);
  EXPECT_EQ(table.version(), version) << "nothing changed";
  EXPECT_THAT(table.TakeChanged(), IsEmpty());
}

TEST(OwnerTableTest, PublicObjectsNeverChange) {
  OwnerTable table(kSmall);
  Owner* owner = AddListed(&table, OwnerSort::kContainer, "old");
  const ContainerRef before = owner->ref;
  owner->draft.name = "new";
  table.Publish(owner);
  EXPECT_EQ(before->name, "old");
  EXPECT_EQ(table.RefAt(owner->facts.id, 1)->name, "new");
}

TEST(OwnerTableTest, WhatAnEngineSaidStaysThroughRenamesAndEndsWithTheLife) {
  OwnerTable table(kSmall);
  Owner* owner = AddListed(&table, OwnerSort::kContainer, "web");
  owner->enrichment = std::make_unique<Enrichment>();
  owner->enrichment->engine = "podman";
  owner->enrichment->pod = "shop";
  table.Publish(owner);
  owner->draft.name = "web-2";  // as files are read again
  owner->draft.labels = {{"app", "web"}};
  table.Publish(owner);
  EXPECT_EQ(owner->ref->pod, "shop");
  EXPECT_EQ(owner->ref->enriched.at("pod"), "podman");
  EXPECT_EQ(owner->draft.pod, std::nullopt);
  table.MarkDead(owner, 5 * kSecond);
  EXPECT_EQ(owner->tombstone->pod, "shop");
  table.Revive(owner);
  table.Publish(owner);
  EXPECT_EQ(owner->ref->pod, std::nullopt);
  EXPECT_TRUE(owner->ref->enriched.empty());
}

TEST(OwnerTableTest, AfterDeathTheSourceIsATombstone) {
  OwnerTable table(kSmall);
  Owner* owner = AddListed(&table, OwnerSort::kContainer, "x");
  EXPECT_EQ(owner->tombstone, nullptr) << "the living pay for none";
  table.MarkDead(owner, 5 * kSecond);
  table.MarkDead(owner, 7 * kSecond);
  EXPECT_EQ(owner->draft.died_boot_ns, 5 * kSecond) << "one dies once";
  EXPECT_EQ(table.RefAt(owner->facts.id, 5 * kSecond)->source, "cgroup");
  EXPECT_EQ(table.RefAt(owner->facts.id, 6 * kSecond)->source, "tombstone");
  EXPECT_EQ(table.RefAt(owner->facts.id, 6 * kSecond)->name, "x");
  table.DropTombstones(14 * kSecond);
  EXPECT_EQ(table.size(), 1u);
  table.DropTombstones(16 * kSecond);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.FindByKey("x"), nullptr);
}

TEST(OwnerTableTest, TheRevivedAreNotDropped) {
  OwnerTable table(kSmall);
  Owner* owner = AddListed(&table, OwnerSort::kContainer, "x");
  table.MarkDead(owner, kSecond);
  table.Revive(owner);
  table.Publish(owner);
  table.DropTombstones(100 * kSecond);
  ASSERT_EQ(table.size(), 1u);
  EXPECT_EQ(table.RefAt(owner->facts.id, 200 * kSecond)->source, "cgroup");
}

TEST(OwnerTableTest, InitsLeadToTheirOwner) {
  OwnerTable table(kSmall);
  Owner* owner = AddListed(&table, OwnerSort::kContainer, "x");
  table.SetInit(owner, {7, 1});
  EXPECT_EQ(table.FindByInit({7, 1}), owner);
  EXPECT_EQ(table.FindByInit({7, 2}), nullptr);
  table.SetInit(owner, {8, 2});
  EXPECT_EQ(table.FindByInit({7, 1}), nullptr);
  EXPECT_EQ(table.FindByInit({8, 2}), owner);
}

TEST(OwnerTableTest, WhatTurnsOutToBeAnotherLeadsThere) {
  OwnerTable table(kSmall);
  Owner* plain = AddListed(&table, OwnerSort::kUnshare, "unshare:1");
  const OwnerId id = plain->facts.id;
  Owner* real = AddListed(&table, OwnerSort::kContainer, "real");
  table.TakeChanged();
  table.Become(plain, real, kSecond);
  EXPECT_EQ(table.Get(id), real);
  EXPECT_EQ(table.RefAt(id, 2 * kSecond)->name, "real");
  const auto changed = table.TakeChanged();
  ASSERT_EQ(changed.size(), 1u) << "the last word on the one that was not";
  EXPECT_EQ(changed[0]->name, "unshare:1");
  EXPECT_EQ(changed[0]->died_boot_ns, kSecond);
}

TEST(OwnerTableTest, FullOfTheLivingItRefuses) {
  OwnerTable table(kSmall);
  for (int i = 0; i < 4; ++i) {
    ASSERT_NE(AddListed(&table, OwnerSort::kContainer, std::to_string(i)), nullptr);
  }
  EXPECT_EQ(table.Add(OwnerSort::kContainer, "more"), nullptr);
  table.MarkDead(table.FindByKey("2"), kSecond);
  EXPECT_NE(table.Add(OwnerSort::kContainer, "more"), nullptr);
  EXPECT_EQ(table.FindByKey("2"), nullptr);
}

TEST(OwnerTableTest, UnshareCannotCrowdOutContainers) {
  OwnerTable table(kSmall);
  ASSERT_NE(AddListed(&table, OwnerSort::kUnshare, "u1"), nullptr);
  ASSERT_NE(AddListed(&table, OwnerSort::kUnshare, "u2"), nullptr);
  EXPECT_EQ(AddListed(&table, OwnerSort::kUnshare, "u3"), nullptr);
  ASSERT_NE(AddListed(&table, OwnerSort::kContainer, "c1"), nullptr);
  ASSERT_NE(AddListed(&table, OwnerSort::kContainer, "c2"), nullptr);
  table.MarkDead(table.FindByKey("c1"), kSecond);
  table.MarkDead(table.FindByKey("u1"), 2 * kSecond);
  EXPECT_NE(AddListed(&table, OwnerSort::kContainer, "c3"), nullptr);
  EXPECT_EQ(table.FindByKey("u1"), nullptr) << "plain tombstones go first";
  EXPECT_NE(table.FindByKey("c1"), nullptr);
}

}  // namespace
}  // namespace nsobs
