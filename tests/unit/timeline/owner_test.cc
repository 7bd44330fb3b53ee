#include "tests/unit/timeline/timeline_fixture.h"
#include "userspace/timeline/container_store.h"

namespace nsobs {
namespace {

using ::testing::SizeIs;

class OwnerTest : public TimelineFixture {
 protected:
  std::vector<StoredContainer> Containers() {
    auto reader = TimelineReader::Open(dir_.path());
    if (!reader.ok()) return {};
    return (*reader)->Containers().value_or(std::vector<StoredContainer>{});
  }
  std::vector<StoredNamespace> Namespaces() {
    auto reader = TimelineReader::Open(dir_.path());
    if (!reader.ok()) return {};
    return (*reader)->Namespaces().value_or(std::vector<StoredNamespace>{});
  }
};

TEST_F(OwnerTest, EveryFieldOfAContainerComesBack) {
  Open();
  auto web = MakeContainer("web", "7c75");
  web->image = "nginx:1";
  web->pod = "shop";
  web->pod_namespace = "prod";
  web->pod_uid = "uid";
  web->labels = {{"app", "web"}, {"quote", "\"'"}};
  web->certain = false;
  web->init = {4711, 99};
  for (NamespaceKind kind : kNamespaceKinds) {
    web->namespaces[kind] = {10 + static_cast<uint32_t>(kind), UINT64_MAX};
  }
  web->health = "healthy";
  web->restart_count = 3;
  web->enriched = {{"health", "podman"}, {"labels", "podman"}};
  web->started_boot_ns = kStartBoot - 10 * kSecond;
  web->died_boot_ns = kStartBoot - 2 * kSecond;
  ASSERT_OK(timeline_->UpsertContainers({web, nullptr}));
  const auto stored = Containers();
  ASSERT_THAT(stored, SizeIs(1));
  const Container& c = stored[0].container;
  EXPECT_EQ(c.name, "web");
  EXPECT_EQ(c.id, "7c75");
  EXPECT_EQ(c.runtime, "podman");
  EXPECT_EQ(c.image, "nginx:1");
  EXPECT_EQ(c.pod, "shop");
  EXPECT_EQ(c.pod_namespace, "prod");
  EXPECT_EQ(c.pod_uid, "uid");
  EXPECT_EQ(c.labels, web->labels);
  EXPECT_EQ(c.source, "cgroup");
  EXPECT_FALSE(c.certain);
  EXPECT_EQ(c.health, "healthy");
  EXPECT_EQ(c.restart_count, 3u);
  EXPECT_EQ(c.enriched, web->enriched);
  EXPECT_EQ(c.cgroup_path, "/machine.slice/7c75");
  EXPECT_EQ(c.init, web->init);
  EXPECT_EQ(c.namespaces, web->namespaces);
  EXPECT_EQ(c.started_boot_ns, web->started_boot_ns);
  EXPECT_EQ(c.died_boot_ns, web->died_boot_ns);
  EXPECT_EQ(stored[0].boot_id, BootId());
  EXPECT_EQ(stored[0].first_seen_wall_ns, kStartWall - 10 * kSecond);
  EXPECT_EQ(stored[0].last_seen_wall_ns, kStartWall);
  EXPECT_EQ(stored[0].died_wall_ns, kStartWall - 2 * kSecond);
}

TEST_F(OwnerTest, AnUpsertReplacesAllButTheRowAndItsFirstSight) {
  Open();
  ASSERT_OK(timeline_->UpsertContainers({MakeContainer("web", "7c75")}));
  clock_.AdvanceNs(kSecond);
  auto renamed = MakeContainer("api", "7c75");
  renamed->image = "new";
  renamed->died_boot_ns = clock_.BootNs();
  ASSERT_OK(timeline_->UpsertContainers({renamed}));
  auto stored = Containers();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].ref, 1);
  EXPECT_EQ(stored[0].container.name, "api");
  EXPECT_EQ(stored[0].container.image, "new");
  EXPECT_EQ(stored[0].first_seen_wall_ns, kStartWall);
  EXPECT_EQ(stored[0].last_seen_wall_ns, kStartWall + kSecond);
  EXPECT_EQ(stored[0].died_wall_ns, kStartWall + kSecond);
  ASSERT_OK(timeline_->UpsertContainers({MakeContainer("api", "7c75")}));  // started again
  EXPECT_EQ(Containers().at(0).died_wall_ns, 0);
}

// An event in the queue can carry the state of before the container's end.
TEST_F(OwnerTest, AnEventDoesNotUpdateAContainer) {
  Open();
  auto web = MakeContainer("web", "7c75");
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1, web)));
  auto died = MakeContainer("web-renamed", "7c75");
  died->died_boot_ns = clock_.BootNs();
  ASSERT_OK(timeline_->UpsertContainers({died}));
  ASSERT_OK(WriteRow(MakeEvent(clock_, 2, web)));
  const auto stored = Containers();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].container.name, "web-renamed");
  EXPECT_NE(stored[0].died_wall_ns, 0);
}

TEST(ContainerGenerationTest, OnlyNamespacesNeedOne) {
  Container web;
  web.id = "7c75";
  web.name = "web";
  web.started_boot_ns = 5;
  EXPECT_EQ(ContainerGeneration(web, "boot"), "");
  // One of a user's that bears the id of root's is another container.
  Container users = web;
  users.user = ContainerUser{2001, {}};
  EXPECT_EQ(ContainerGeneration(users, "boot"), "user:2001");
  users.user->uid = 0;
  EXPECT_EQ(ContainerGeneration(users, "boot"), "");
  Container blue;
  blue.id = "net:[4026532000]";
  blue.name = "blue";
  EXPECT_EQ(ContainerGeneration(blue, "boot"), "boot/name:blue");
  blue.started_boot_ns = 5;
  EXPECT_EQ(ContainerGeneration(blue, "boot"), "boot/at:5");
  blue.namespaces[NamespaceKind::kNet].id = 9;
  blue.namespaces[NamespaceKind::kMnt].id = 8;
  EXPECT_EQ(ContainerGeneration(blue, "boot"), "boot/id:9");
}

TEST_F(OwnerTest, NamespacesWithTheSameInodeAreTwoOwners) {
  Open();
  auto blue = MakeContainer("blue", "net:[4026532000]");
  blue->namespaces[NamespaceKind::kNet] = {4026532000, 1};
  auto red = MakeContainer("red", "net:[4026532000]");
  red->namespaces[NamespaceKind::kNet] = {4026532000, 2};
  ASSERT_OK(timeline_->Write(
      {TimelineRow{0, MakeEvent(clock_, 1, blue)}, TimelineRow{0, MakeEvent(clock_, 2, red)}}));
  EXPECT_THAT(Containers(), SizeIs(2));
  EXPECT_THAT(ReadPids({.container = "blue"}), ::testing::ElementsAre(1));
  EXPECT_THAT(ReadPids({.container = "red"}), ::testing::ElementsAre(2));
}

Timeline::NamespaceRow NamespaceNamed(const NamespaceIdentity& identity) {
  Timeline::NamespaceRow row;
  row.identity = identity;
  return row;
}

TEST_F(OwnerTest, WhatThePreviousRunSawAliveEndsUnlessSeenAgain) {
  Open();
  ASSERT_OK(timeline_->EndUnseen());  // nothing before
  ASSERT_OK(
      timeline_->UpsertContainers({MakeContainer("gone", "a1"), MakeContainer("stays", "a2")}));
  ASSERT_OK(timeline_->UpsertNamespaces({NamespaceNamed({1, 1}), NamespaceNamed({2, 2})}));
  ASSERT_OK(timeline_->Heartbeat());
  timeline_.reset();
  clock_.AdvanceNs(10 * kSecond);
  Open();
  ASSERT_OK(
      timeline_->UpsertContainers({MakeContainer("stays", "a2"), MakeContainer("new", "a3")}));
  ASSERT_OK(timeline_->UpsertNamespaces({NamespaceNamed({2, 2})}));
  ASSERT_OK(timeline_->EndUnseen());
  const auto containers = Containers();
  ASSERT_THAT(containers, SizeIs(3));
  EXPECT_EQ(containers[0].died_wall_ns, kStartWall);
  EXPECT_EQ(containers[1].died_wall_ns, 0);
  EXPECT_EQ(containers[2].died_wall_ns, 0);
  const auto namespaces = Namespaces();
  ASSERT_THAT(namespaces, SizeIs(2));
  EXPECT_EQ(namespaces[0].died_wall_ns, kStartWall);
  EXPECT_EQ(namespaces[1].died_wall_ns, 0);
}

TEST_F(OwnerTest, EveryFieldOfANamespaceComesBack) {
  Open();
  ASSERT_OK(timeline_->UpsertNamespaces({{.kind = NamespaceKind::kUser,
                                          .identity = {4026532000, UINT64_MAX},
                                          .owner_name = "web",
                                          .owner_id = "7c75",
                                          .owner_runtime = "podman",
                                          .born_wall_ns = 5,
                                          .died_wall_ns = 6}}));
  const auto stored = Namespaces();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].kind, NamespaceKind::kUser);
  EXPECT_EQ(stored[0].identity, (NamespaceIdentity{4026532000, UINT64_MAX}));
  EXPECT_EQ(stored[0].boot_id, BootId());
  EXPECT_EQ(stored[0].owner_name, "web");
  EXPECT_EQ(stored[0].owner_id, "7c75");
  EXPECT_EQ(stored[0].owner_runtime, "podman");
  EXPECT_EQ(stored[0].born_wall_ns, 5);
  EXPECT_EQ(stored[0].last_seen_wall_ns, kStartWall);
  EXPECT_EQ(stored[0].died_wall_ns, 6);
}

TEST_F(OwnerTest, WithoutAnIdABirthTellsNamespacesApart) {
  const int64_t born = kStartWall;
  struct Case {
    const char* what;
    Timeline::NamespaceRow first, second;
    std::vector<int64_t> died;  // of the rows that there are then
  };
  const std::vector<Case> cases = {
      {"the same birth, told a little differently",
       {.identity = {1, 0}, .born_wall_ns = born},
       {.identity = {1, 0}, .born_wall_ns = born + 5},
       {0}},
      {"its death",
       {.identity = {1, 0}, .born_wall_ns = born},
       {.identity = {1, 0}, .born_wall_ns = born, .died_wall_ns = born + kSecond},
       {born + kSecond}},
      {"a later birth ends the one before",
       {.identity = {1, 0}, .born_wall_ns = born},
       {.identity = {1, 0}, .born_wall_ns = born + 2 * kSecond},
       {born + 2 * kSecond, 0}},
      {"an unknown birth is the one that is alive",
       {.identity = {1, 0}, .born_wall_ns = born},
       {.identity = {1, 0}},
       {0}},
      {"an unknown birth after a death is another one",
       {.identity = {1, 0}, .died_wall_ns = born},
       {.identity = {1, 0}},
       {born, 0}},
      {"another kind",
       {.kind = NamespaceKind::kNet, .identity = {1, 0}},
       {.kind = NamespaceKind::kMnt, .identity = {1, 0}},
       {0, 0}},
      {"another id",
       {.identity = {1, 7}, .born_wall_ns = born},
       {.identity = {1, 8}, .born_wall_ns = born},
       {0, 0}},
      {"the same id",
       {.identity = {1, 7}, .born_wall_ns = born},
       {.identity = {1, 7}, .born_wall_ns = born + 9 * kSecond},
       {0}}};
  for (const Case& c : cases) {
    Open();
    ASSERT_OK(timeline_->UpsertNamespaces({c.first, c.second}));
    std::vector<int64_t> died;
    for (const auto& stored : Namespaces()) died.push_back(stored.died_wall_ns);
    EXPECT_EQ(died, c.died) << c.what;
    timeline_.reset();
    std::filesystem::remove_all(dir_.path());
  }
}

}  // namespace
}  // namespace nsobs
