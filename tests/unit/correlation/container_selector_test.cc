// Whom a word of the configuration means, and which cgroups are that container's.
#include "userspace/correlation/container_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"

namespace nsobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Docker containers by pid: their ids begin with the pid's digits.
class ContainerSelectorTest : public testing::Test {
 protected:
  void StartDocker(uint32_t pid, const std::string& seed, const std::string& name) {
    const std::string id = FullId(seed);
    const std::string path = "/docker/" + id;
    const FakeProcess init{.pid = pid,
                           .ns_pid = 1,
                           .ns = ContainerNamespaces(pid * 10),
                           .unified = path,
                           .memory = path};
    host_.AddDocker(id, name);
    host_.AddRuncState("docker/exec/runtime-runc/moby", id, init, path);
    host_.Start(init);
  }
  std::shared_ptr<const Inventory> Scan() {
    correlator_ = std::make_unique<Correlator>(host_.Options(), &clock_);
    EXPECT_TRUE(correlator_->ScanHost().ok());
    return correlator_->inventory();
  }
  std::vector<std::string> NamesOf(std::string_view word, const Inventory& inventory) {
    std::vector<std::string> names;
    const Selection selection = SelectContainers(word, inventory);
    for (const ContainerRef& c : selection.containers) names.push_back(c->name);
    if (selection.ambiguous) names.emplace_back("(several)");
    return names;
  }

  FakeHost host_;
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  std::unique_ptr<Correlator> correlator_;
};

TEST_F(ContainerSelectorTest, ByNameIdAndBeginning) {
  StartDocker(100, "abcd1", "web");
  StartDocker(200, "abcd2", "db");
  StartDocker(300, "abcd3", "abcd1");  // named like the beginning of another's id
  const auto inventory = Scan();
  EXPECT_THAT(NamesOf("web", *inventory), ElementsAre("web"));
  EXPECT_THAT(NamesOf(FullId("abcd2"), *inventory), ElementsAre("db"));
  EXPECT_THAT(NamesOf("abcd2", *inventory), ElementsAre("db"));
  EXPECT_THAT(NamesOf("abcd", *inventory), ElementsAre("(several)"));
  EXPECT_THAT(NamesOf("abcd1", *inventory), ElementsAre("abcd1")) << "a name goes before";
  EXPECT_THAT(NamesOf("we", *inventory), IsEmpty()) << "names have no beginnings";
  EXPECT_THAT(NamesOf("abc", *inventory), IsEmpty()) << "too short to mean anybody";
  EXPECT_THAT(NamesOf("", *inventory), IsEmpty());
}

TEST_F(ContainerSelectorTest, WhatMayBeMeantLater) {
  StartDocker(100, "abcd1", "web");
  const auto inventory = Scan();
  const Container& web = *inventory->containers().front();
  for (const char* word : {"web", "abcd", "abcd1"}) EXPECT_TRUE(MayMean(word, web)) << word;
  for (const char* word : {"we", "abc", "abce", "WEB", ""})
    EXPECT_FALSE(MayMean(word, web)) << word;
}

TEST_F(ContainerSelectorTest, ItsCgroupsInBothHierarchies) {
  StartDocker(100, "abcd1", "web");
  StartDocker(200, "abcd2", "db");
  const auto inventory = Scan();
  const Selection web = SelectContainers("web", *inventory);
  ASSERT_EQ(web.containers.size(), 1u);
  const std::string path = "/docker/" + FullId("abcd1");
  EXPECT_THAT(inventory->CgroupsOf(web.containers[0]),
              UnorderedElementsAre(host_.Cgroup(path), host_.Cgroup(path, kMemoryHierarchy)));
  EXPECT_THAT(inventory->CgroupsOf(nullptr), IsEmpty());
}

}  // namespace
}  // namespace nsobs
