// Names of plain namespaces (`ip netns`) when inodes come around again.
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/plain_owners.h"

namespace nsobs {
namespace {

constexpr uint32_t kInode = 8000;

class PlainNamesTest : public testing::Test {
 protected:
  PlainNamesTest() { namespaces_.SetHost(HostNamespaces()); }

  // What /run/netns shows.
  static RuntimeRecord Named(uint64_t id) {
    RuntimeRecord record;
    record.runtime = "netns";
    record.name = "netns x";
    record.id = "net:[8000]";
    record.plain_namespace = {NamespaceKind::kNet, kInode};
    record.plain_namespace_id = id;
    return record;
  }
  std::string NameOf(uint64_t id) {
    NamespaceInfo* info = namespaces_.Find(NamespaceKind::kNet, {kInode, id}, 1000);
    if (info == nullptr || info->owners.empty()) return "";
    return owners_.Get(info->owners.front())->draft.name;
  }

  NamespaceIndex namespaces_{{100, absl::Minutes(10)}};
  OwnerTable owners_{{100, 50, absl::Minutes(10)}};
  ProcessIndex processes_{ProcessIndex::Limits{}};
  CgroupIndex cgroups_{CgroupMounts{}, CgroupIndex::Limits{}};
  PlainOwners plain_{&namespaces_, &owners_, &processes_, &cgroups_};
};

TEST_F(PlainNamesTest, ANameGoesToTheNamespaceAndNotToItsInode) {
  // It ended, and its inode is in use again; its records are still under way.
  namespaces_.Born(NamespaceKind::kNet, {kInode, 71}, 100);
  plain_.TakeNames({Named(72)}, 200);
  EXPECT_EQ(NameOf(71), "");
  EXPECT_EQ(NameOf(72), "netns x");
}

TEST_F(PlainNamesTest, TheSameNamespaceGetsItsName) {
  namespaces_.Born(NamespaceKind::kNet, {kInode, 71}, 100);
  plain_.TakeNames({Named(71)}, 200);
  EXPECT_EQ(NameOf(71), "netns x");
}

TEST_F(PlainNamesTest, WithoutIdsTheInodeHasToDo) {
  namespaces_.Born(NamespaceKind::kNet, {kInode, 0}, 100);
  plain_.TakeNames({Named(0)}, 200);
  EXPECT_EQ(NameOf(0), "netns x");
}

}  // namespace
}  // namespace nsobs
