#include "userspace/main/target.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/main/samples.h"

namespace nsobs {
namespace {

absl::StatusOr<NamedTarget> Resolve(
    std::string_view text, const std::vector<ContainerRef>& containers = SampleContainers()) {
  return ResolveTarget(text, containers, SampleNamespaces());
}

TEST(TargetTest, Containers) {
  const std::tuple<std::string, std::string, ContainerRef> cases[] = {
      {WebContainer()->id, "web", WebContainer()},
      {"7c75", "web", WebContainer()},
      {"7", "web", WebContainer()},
      {"shop/web", "shop/web", ShopWebContainer()},
      {"shop/db", "shop/db", ShopDbContainer()},
      {"db", "shop/db", ShopDbContainer()},
      {"shop-d", "shop/db", ShopDbContainer()},
      {"netns blue", "netns blue", BlueNetns()},
      {"0123", "évil\\x1b[31m\uFFFD", GuessedContainer()},
      {GuessedContainer()->name, "évil\\x1b[31m\uFFFD", GuessedContainer()},
  };
  for (const auto& [text, title, container] : cases) {
    const absl::StatusOr<NamedTarget> target = Resolve(text);
    // "\xff" ends the name: a cut-off character is dropped, a wrong one replaced.
    ASSERT_TRUE(target.ok()) << text << ": " << target.status();
    EXPECT_EQ(target->title.substr(0, 8), title.substr(0, 8));
    ASSERT_NE(target->container, nullptr);
    EXPECT_EQ(target->container->id, container->id);
    EXPECT_EQ(target->namespaces, container->namespaces);
  }
}

TEST(TargetTest, AmbiguousNamesTheCandidates) {
  const absl::StatusOr<NamedTarget> target = Resolve("web");
  EXPECT_EQ(target.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(target.status().message(),
            "\"web\" could be any of web (podman 7c7541814070), shop/web (containerd shop-web): "
            "use an id");
  const absl::StatusOr<NamedTarget> prefix = Resolve("shop-");
  EXPECT_EQ(prefix.status().code(), absl::StatusCode::kInvalidArgument);
  std::vector<ContainerRef> many(9, WebContainer());
  EXPECT_NE(Resolve("web", many).status().message().find("and 4 more"), std::string::npos);
}

TEST(TargetTest, UnknownNamesTheNearest) {
  const absl::StatusOr<NamedTarget> target = Resolve("shop/bd");
  EXPECT_EQ(target.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(target.status().message(),
            "no container is called \"shop/bd\"; did you mean \"shop/db\"? (nsobserver containers "
            "lists them)");
  EXPECT_EQ(Resolve("qu\x1bux", {}).status().message(),
            "no container is called \"qu\\x1bux\" (none runs here)");
}

TEST(TargetTest, TheLivingGoFirst) {
  Container dead = *WebContainer();
  dead.id = "dead";
  dead.died_boot_ns = 1;
  const std::vector<ContainerRef> both = {std::make_shared<Container>(dead), WebContainer()};
  ASSERT_TRUE(Resolve("web", both).ok());
  EXPECT_EQ(Resolve("web", both)->container->id, WebContainer()->id);
  EXPECT_EQ(Resolve("dead", both)->container->id, "dead");
}

TEST(TargetTest, HostAndNamespaces) {
  const absl::StatusOr<NamedTarget> host = Resolve("host");
  ASSERT_TRUE(host.ok());
  EXPECT_EQ(host->container, nullptr);
  EXPECT_EQ(host->namespaces, HostNamespaces());

  const uint32_t inode = WebContainer()->namespaces[NamespaceKind::kNet].inode;
  const absl::StatusOr<NamedTarget> ns = Resolve("net:[" + std::to_string(inode) + "]");
  ASSERT_TRUE(ns.ok()) << ns.status();
  for (const NamespaceKind kind : kNamespaceKinds) {
    EXPECT_EQ(ns->namespaces[kind].inode, kind == NamespaceKind::kNet ? inode : 0);
  }
  EXPECT_EQ(ns->namespaces[NamespaceKind::kNet].id, 17u);
  EXPECT_EQ(Resolve("net:[1]").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Resolve("uts:[4026535009]").status().code(), absl::StatusCode::kNotFound);  // dead
}

TEST(TargetTest, Processes) {
  const std::filesystem::path proc =
      std::filesystem::path(testing::TempDir()) / ("proc" + std::to_string(getpid()));
  std::filesystem::create_directories(proc / "17/ns");
  const uint32_t net = WebContainer()->namespaces[NamespaceKind::kNet].inode;
  std::filesystem::create_symlink("net:[" + std::to_string(net) + "]", proc / "17/ns/net");
  std::filesystem::create_symlink("mnt:[5]", proc / "17/ns/mnt");
  const auto resolve = [&](std::string_view text) {
    return ResolveTarget(text, {}, SampleNamespaces(), proc.string());
  };
  const absl::StatusOr<NamedTarget> target = resolve("pid:17");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->title, "pid:17");
  EXPECT_EQ(target->namespaces[NamespaceKind::kNet], (NamespaceIdentity{net, 17}));
  EXPECT_EQ(target->namespaces[NamespaceKind::kMnt], (NamespaceIdentity{5, 0}));
  EXPECT_EQ(target->namespaces[NamespaceKind::kPid].inode, 0u);
  EXPECT_EQ(resolve("pid:18").status().message(), "no process has pid 18");
  EXPECT_EQ(resolve("pid:18").status().code(), absl::StatusCode::kNotFound);
  for (const char* text : {"pid:", "pid:x", "pid:0", "pid:-1", "pid:99999999999", "pid:1/../2"}) {
    EXPECT_EQ(resolve(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  std::filesystem::remove_all(proc);
}

TEST(TargetTest, OwnProcessByTheRealProc) {
  const absl::StatusOr<NamedTarget> self = Resolve("pid:" + std::to_string(getpid()));
  ASSERT_TRUE(self.ok()) << self.status();
  EXPECT_NE(self->namespaces[NamespaceKind::kNet].inode, 0u);
}

TEST(TargetTest, Empty) {
  EXPECT_EQ(Resolve("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SameNamespaceTest, IdsDecideWhereBothHaveOne) {
  EXPECT_TRUE(SameNamespace({1, 0}, {1, 0}));
  EXPECT_TRUE(SameNamespace({1, 7}, {1, 0}));
  EXPECT_TRUE(SameNamespace({1, 7}, {1, 7}));
  EXPECT_FALSE(SameNamespace({1, 7}, {1, 8}));  // the inode was used again
  EXPECT_FALSE(SameNamespace({1, 0}, {2, 0}));
}

}  // namespace
}  // namespace nsobs
