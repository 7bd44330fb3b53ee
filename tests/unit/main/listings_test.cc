// Containers, namespaces, comparisons: what they look like.
#include <gtest/gtest.h>

#include "tests/unit/main/fake_console.h"
#include "tests/unit/main/golden.h"
#include "tests/unit/main/samples.h"
#include "userspace/main/comparison.h"
#include "userspace/main/container_listing.h"
#include "userspace/main/json_field.h"
#include "userspace/main/namespace_listing.h"
#include "userspace/main/text_width.h"

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1000 * 1000 * 1000;

class ListingsTest : public testing::Test {
 protected:
  void SetUp() override { InitTextWidth(); }
  const FakeClock clock_{1000 * kSecond, kSampleWallNs};
};

StoredContainer Stored(const Container& container, int64_t died_wall_ns) {
  StoredContainer stored;
  stored.container = container;
  stored.first_seen_wall_ns = kSampleWallNs - 7200 * kSecond;
  stored.died_wall_ns = died_wall_ns;
  return stored;
}

std::vector<ContainerEntry> Entries(const Clock& clock) {
  Container gone = *WebContainer();
  gone.name = "gone";
  gone.id = "fedcba9876543210fedcba9876543210";
  return MergeContainers(
      SampleContainers(),
      {Stored(gone, kSampleWallNs - 60 * kSecond), Stored(*WebContainer(), 0),  // the one that runs
       Stored(*WebContainer(), kSampleWallNs - kSecond)},                       // a run before that
      clock, /*with_past=*/true);
}

std::string Containers(const Clock& clock, const Screen& screen, OutputFormat format) {
  FakeConsole fake(screen);
  PrintContainers(Entries(clock), format, clock.WallNs(), fake.console);
  EXPECT_EQ(fake.err.str(), "");
  return fake.out.str();
}

TEST_F(ListingsTest, ContainersInAPipe) {
  ExpectGolden("containers/pipe.txt", Containers(clock_, Pipe(), OutputFormat::kTable));
}
TEST_F(ListingsTest, ContainersOnATerminal) {
  ExpectGolden("containers/100-colour.txt",
               Containers(clock_, Terminal(100, true), OutputFormat::kTable));
  ExpectGolden("containers/80.txt", Containers(clock_, Terminal(80), OutputFormat::kTable));
}
TEST_F(ListingsTest, ContainersAsJson) {
  ExpectGolden("containers/containers.jsonl", Containers(clock_, Pipe(), OutputFormat::kJsonLines));
  const Json array = Json::parse(Containers(clock_, Pipe(), OutputFormat::kJson));
  EXPECT_EQ(array.size(), 7u);
}

// A container of a user's, inside of another one and on a kernel of its own: all at once.
ContainerEntry FullEntry() {
  ContainerEntry entry{*WebContainer(), true, kSampleWallNs, 0};
  entry.container.oci_runtime = "runsc";
  entry.container.generation = 3;
  entry.container.restart_count = 2;
  entry.container.user = ContainerUser{2001, {{0, 2001, 1}, {1, 100000, 65536}}};
  entry.container.parents = {{"kind-id", "kind", "docker"}};
  entry.container.blind_spots = "its programs";
  entry.use = {{NamespaceKind::kNet, "host"}, {NamespaceKind::kPid, "own"}};
  return entry;
}

TEST_F(ListingsTest, ContainerWithEverythingThatCanBeSaid) {
  FakeConsole json(Pipe());
  PrintContainers({FullEntry()}, OutputFormat::kJson, kSampleWallNs, json.console);
  const Json shown = Json::parse(json.out.str())[0];
  EXPECT_EQ(shown["oci_runtime"], "runsc");
  EXPECT_EQ(shown["generation"], 3);
  EXPECT_EQ(shown["restart_count"], 2);
  EXPECT_EQ(shown["user"], Json::parse(R"({"uid":2001,"uid_map":[[0,2001,1],[1,100000,65536]]})"));
  EXPECT_EQ(shown["parents"],
            Json::parse(R"([{"name":"kind","id":"kind-id","runtime":"docker"}])"));
  EXPECT_EQ(shown["namespace_use"], Json::parse(R"({"net":"host","pid":"own"})"));
  EXPECT_EQ(shown["visibility"], "from_outside");
  EXPECT_EQ(shown["blind_spots"], "its programs");
  FakeConsole table(Pipe());
  PrintContainers({FullEntry()}, OutputFormat::kTable, kSampleWallNs, table.console);
  EXPECT_NE(table.out.str().find("USER"), std::string::npos);
  EXPECT_NE(table.out.str().find("2001"), std::string::npos);
  EXPECT_NE(table.out.str().find("in kind (from outside)"), std::string::npos);
}

TEST_F(ListingsTest, MergeKeepsTheLivingFirstAndOnce) {
  const std::vector<ContainerEntry> entries = Entries(clock_);
  std::vector<std::pair<std::string, bool>> shown;
  for (const ContainerEntry& entry : entries) {
    shown.emplace_back(entry.container.name, entry.running);
  }
  EXPECT_EQ(shown, (std::vector<std::pair<std::string, bool>>{{"web", true},
                                                              {"web", true},
                                                              {"db", true},
                                                              {GuessedContainer()->name, true},
                                                              {"netns blue", true},
                                                              {"gone", false},
                                                              {"web", false}}));
  EXPECT_EQ(entries[0].started_wall_ns, kSampleWallNs - 600 * kSecond);
  EXPECT_EQ(entries[2].started_wall_ns, 0);
  EXPECT_EQ(entries[5].died_wall_ns, kSampleWallNs - 60 * kSecond);
}

TEST_F(ListingsTest, WhatEnginesToldTheDaemonIsAdded) {
  Container told = *WebContainer();
  told.image = "of the engine";
  told.labels = {{"team", "shop"}, {"tier", "back"}};
  told.health = "healthy";
  told.enriched = {{"image", "docker"}, {"labels", "docker"}, {"health", "docker"}};
  const auto merged = [&](const Container& stored) {
    return MergeContainers({WebContainer()}, {Stored(stored, 0)}, clock_, /*with_past=*/false);
  };
  const auto entries = merged(told);
  ASSERT_EQ(entries.size(), 1u);
  const Container& web = entries[0].container;
  EXPECT_EQ(web.health, "healthy");
  EXPECT_EQ(web.image, WebContainer()->image) << "files are believed first";
  EXPECT_EQ(web.labels.at("team"), "shop");
  EXPECT_EQ(web.labels.at("tier"), WebContainer()->labels.at("tier"));
  EXPECT_FALSE(web.enriched.contains("image"));
  EXPECT_EQ(web.enriched.at("health"), "docker");
  // Another life under the same id.
  told.init.pid += 1;
  EXPECT_EQ(merged(told)[0].container.health, std::nullopt);
}

TEST_F(ListingsTest, DeadOnesOfTheLiveScanAreNotRunning) {
  Container dead = *WebContainer();
  dead.died_boot_ns = 900 * kSecond;
  const auto entries = MergeContainers({std::make_shared<Container>(dead)}, {}, clock_, true);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_FALSE(entries[0].running);
  EXPECT_EQ(entries[0].died_wall_ns, kSampleWallNs - 100 * kSecond);
}

std::string Namespaces(const Clock& clock, const Screen& screen, OutputFormat format,
                       const NamespaceFilter& filter = {}) {
  FakeConsole fake(screen);
  PrintNamespaces(SelectNamespaces(SampleNamespaces(), filter), format, clock, fake.console);
  EXPECT_EQ(fake.err.str(), "");
  return fake.out.str();
}

TEST_F(ListingsTest, NamespacesInAPipe) {
  ExpectGolden("namespaces/pipe.txt", Namespaces(clock_, Pipe(), OutputFormat::kTable));
}
TEST_F(ListingsTest, NamespacesOnATerminal) {
  ExpectGolden("namespaces/80-colour.txt",
               Namespaces(clock_, Terminal(80, true), OutputFormat::kTable));
  ExpectGolden("namespaces/60.txt", Namespaces(clock_, Terminal(60), OutputFormat::kTable));
}
TEST_F(ListingsTest, NamespacesAsJson) {
  ExpectGolden("namespaces/namespaces.jsonl", Namespaces(clock_, Pipe(), OutputFormat::kJsonLines));
}

TEST_F(ListingsTest, NamespacesFiltered) {
  const auto count = [](const NamespaceFilter& filter) {
    return SelectNamespaces(SampleNamespaces(), filter).size();
  };
  EXPECT_EQ(count({}), SampleNamespaces().size() - 1);  // all but the dead one
  EXPECT_EQ(count({{NamespaceKind::kNet}, nullptr}), 4u);
  EXPECT_EQ(count({{NamespaceKind::kNet, NamespaceKind::kMnt}, nullptr}), 6u);
  const NamespaceSet web = WebContainer()->namespaces;
  EXPECT_EQ(count({{}, &web}), 4u);  // its net, and the host's cgroup, time, user
  EXPECT_EQ(count({{NamespaceKind::kNet}, &web}), 1u);
  const NamespaceSet none;
  EXPECT_EQ(count({{}, &none}), 0u);
}

TEST_F(ListingsTest, SharedBy) {
  NamespaceRecord ns;
  EXPECT_EQ(SharedText(ns), "");
  ns.owners = {WebContainer()};
  EXPECT_EQ(SharedText(ns), "");
  ns.owners = {WebContainer(), ShopDbContainer()};
  EXPECT_EQ(SharedText(ns), "shared by web, shop/db");
  ns.owners = {ShopWebContainer(), ShopDbContainer()};
  EXPECT_EQ(SharedText(ns), "shared by web, db (pod shop)");
  ns.is_host = true;
  EXPECT_EQ(SharedText(ns), "shared by host, shop/web, shop/db");
  ns.owners.clear();
  EXPECT_EQ(SharedText(ns), "");
}

NamedTarget Of(const ContainerRef& c) { return {c->name, c, c->namespaces}; }

std::string Compare(const NamedTarget& a, const NamedTarget& b, OutputFormat format,
                    const Screen& screen = Pipe()) {
  FakeConsole fake(screen);
  EXPECT_EQ(PrintComparison(a, b, format, fake.console), kExitDone);
  EXPECT_EQ(fake.err.str(), "");
  return fake.out.str();
}

TEST_F(ListingsTest, Comparisons) {
  const NamedTarget web = Of(WebContainer()), db = Of(ShopDbContainer());
  const NamedTarget shop_web = Of(ShopWebContainer()), host = {"host", nullptr, HostNamespaces()};
  ExpectGolden("compare/pod.txt", Compare(shop_web, db, OutputFormat::kTable));
  ExpectGolden("compare/host-colour.txt",
               Compare(web, host, OutputFormat::kTable, Terminal(80, true)));
  ExpectGolden("compare/netns.txt", Compare(web, Of(BlueNetns()), OutputFormat::kTable));
  ExpectGolden("compare/pod.json", Compare(shop_web, db, OutputFormat::kJson));
  ExpectGolden("compare/netns.jsonl", Compare(web, Of(BlueNetns()), OutputFormat::kJsonLines));
}

TEST_F(ListingsTest, NothingToCompareIsSaid) {
  NamedTarget net{"net:[1]", nullptr, {}}, mnt{"mnt:[2]", nullptr, {}};
  net.namespaces[NamespaceKind::kNet].inode = 1;
  mnt.namespaces[NamespaceKind::kMnt].inode = 2;
  FakeConsole fake;
  EXPECT_EQ(PrintComparison(net, mnt, OutputFormat::kTable, fake.console), kExitNothing);
  EXPECT_EQ(fake.err.str(), "nsobserver: nothing of net:[1] and mnt:[2] can be compared\n");
}

}  // namespace
}  // namespace nsobs
