#include "userspace/correlation/cgroup_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"

namespace nsobs {
namespace {

using testing::Optional;
using testing::Pointee;

class CgroupIndexTest : public testing::Test {
 protected:
  CgroupIndex Make(CgroupIndex::Limits limits = {}) {
    return CgroupIndex(FindCgroupMounts(host_.Path("proc"), ""), limits);
  }
  CgroupChange Born(const std::string& path, uint32_t hierarchy = 0) {
    return std::get<CgroupChange>(host_.CgroupBorn(path, 0, hierarchy).detail);
  }

  FakeHost host_;
};

TEST_F(CgroupIndexTest, MountsAreFoundThroughMountinfo) {
  const CgroupMounts mounts = FindCgroupMounts(host_.Path("proc"), "");
  EXPECT_EQ(mounts.unified, host_.Path("cgroup/unified"));
  EXPECT_EQ(mounts.memory, host_.Path("cgroup/memory"));
  EXPECT_EQ(mounts.memory_hierarchy, kMemoryHierarchy);
}

TEST_F(CgroupIndexTest, MountsBelowAGivenRoot) {
  const CgroupMounts hybrid = FindCgroupMounts(host_.Path("proc"), host_.Path("cgroup"));
  EXPECT_EQ(hybrid.unified, host_.Path("cgroup/unified"));
  EXPECT_EQ(hybrid.memory, host_.Path("cgroup/memory"));
  host_.MakeDirectory("pure");
  const CgroupMounts pure = FindCgroupMounts(host_.Path("proc"), host_.Path("pure"));
  EXPECT_EQ(pure.unified, host_.Path("pure"));
  EXPECT_EQ(pure.memory, "");
}

TEST_F(CgroupIndexTest, APartOfAHierarchyIsNotTakenForIt) {
  host_.Write("proc/self/mountinfo",
              "1 2 0:1 /docker/x /mnt/cg rw - cgroup2 cgroup2 rw\nbroken line\n - \n");
  EXPECT_EQ(FindCgroupMounts(host_.Path("proc"), "").unified, "");
}

TEST_F(CgroupIndexTest, ScanKnowsBothHierarchies) {
  const CgroupKey unified = host_.Cgroup("/a/b");
  const CgroupKey memory = host_.Cgroup("/caller/x", kMemoryHierarchy);
  CgroupIndex index = Make();
  index.Scan(1);
  EXPECT_THAT(index.PathOf(unified), Pointee(std::string("/a/b")));
  EXPECT_THAT(index.PathOf(memory), Pointee(std::string("/caller/x")));
  EXPECT_THAT(index.PathOf(host_.Cgroup("/")), Pointee(std::string("/")));
  EXPECT_THAT(index.Find(0, "/a/b"), Optional(unified));
  EXPECT_EQ(index.Find(0, "/caller/x"), std::nullopt);
  EXPECT_EQ(index.PathOf({12345678, 0}), nullptr);
}

TEST_F(CgroupIndexTest, BirthAndDeath) {
  CgroupIndex index = Make({.cgroups = 100, .tombstone_ttl = absl::Seconds(10)});
  const CgroupChange born = Born("/docker/x");
  EXPECT_TRUE(index.Apply(born, 5 * kSecond));
  EXPECT_TRUE(index.IsAlive(born.cgroup));
  CgroupChange died = born;
  died.born = false;
  EXPECT_TRUE(index.Apply(died, 6 * kSecond));
  EXPECT_FALSE(index.IsAlive(born.cgroup));
  EXPECT_THAT(index.PathOf(born.cgroup), Pointee(std::string("/docker/x")));
  EXPECT_EQ(index.Find(0, "/docker/x"), std::nullopt);
  index.DropTombstones(15 * kSecond);
  EXPECT_NE(index.PathOf(born.cgroup), nullptr);
  index.DropTombstones(17 * kSecond);
  EXPECT_EQ(index.PathOf(born.cgroup), nullptr);
}

TEST_F(CgroupIndexTest, OtherHierarchiesDoNotMatter) {
  CgroupIndex index = Make();
  CgroupChange born = Born("/docker/x");
  born.cgroup.hierarchy = 7;
  EXPECT_FALSE(index.Apply(born, 1));
  EXPECT_EQ(index.PathOf(born.cgroup), nullptr);
}

TEST_F(CgroupIndexTest, ADeathWhoseBirthWasLostStillTellsThePath) {
  CgroupIndex index = Make();
  CgroupChange died = Born("/docker/x");
  died.born = false;
  EXPECT_TRUE(index.Apply(died, 1));
  EXPECT_THAT(index.PathOf(died.cgroup), Pointee(std::string("/docker/x")));
  EXPECT_FALSE(index.IsAlive(died.cgroup));
}

TEST_F(CgroupIndexTest, ACutPathLosesItsLastName) {
  CgroupIndex index = Make();
  CgroupChange born = Born("/docker/x/very-long");
  born.truncated = true;
  EXPECT_TRUE(index.Apply(born, 1));
  EXPECT_THAT(index.PathOf(born.cgroup), Pointee(std::string("/docker/x")));
  EXPECT_EQ(index.Find(0, "/docker/x"), std::nullopt);
}

TEST_F(CgroupIndexTest, ScanBuriesWhatIsGone) {
  const CgroupKey gone = host_.Cgroup("/gone");
  const CgroupKey fresh{999999, 0};
  CgroupIndex index = Make();
  index.Scan(kSecond);
  host_.RemoveCgroup("/gone");
  CgroupChange born;
  born.cgroup = fresh;
  born.born = true;
  born.path = "/fresh";
  index.Apply(born, 3 * kSecond);  // after the scan below began
  index.Scan(2 * kSecond);
  EXPECT_FALSE(index.IsAlive(gone));
  EXPECT_TRUE(index.IsAlive(fresh));
}

TEST_F(CgroupIndexTest, PlacesAsTheKernelSideKeysThem) {
  const CgroupKey unified = host_.Cgroup("/docker/x");
  const CgroupKey memory = host_.Cgroup("/caller/x", kMemoryHierarchy);
  CgroupIndex index = Make();
  auto place = index.PlaceOf({"/docker/x", "/caller/x", kMemoryHierarchy});
  EXPECT_EQ(place.key, unified);
  EXPECT_EQ(place.level, 2u);
  place = index.PlaceOf({"/", "/caller/x", kMemoryHierarchy});
  EXPECT_EQ(place.key, memory);
  EXPECT_EQ(place.level, 2u);
  place = index.PlaceOf({"/", "/", kMemoryHierarchy});
  EXPECT_EQ(place.level, 0u);
  place = index.PlaceOf({"/../../etc", "", 0});
  EXPECT_EQ(place.key.id, 0u);
  place = index.PlaceOf({"/none", "", 0});
  EXPECT_EQ(place.key.id, 0u);
  EXPECT_THAT(index.PathOf(unified), Pointee(std::string("/docker/x")));
}

TEST_F(CgroupIndexTest, TheDeadMakeRoomForTheLiving) {
  CgroupIndex index = Make({.cgroups = 10, .tombstone_ttl = absl::Minutes(1)});
  for (uint64_t i = 1; i <= 1000; ++i) {
    CgroupChange change;
    change.cgroup = {i, 0};
    change.path = "/g/" + std::to_string(i);
    change.born = true;
    index.Apply(change, static_cast<int64_t>(i));
    ASSERT_THAT(index.PathOf({i, 0}), Pointee(change.path));
    ASSERT_LE(index.size(), 10u);
    change.born = false;
    index.Apply(change, static_cast<int64_t>(i));
  }
}

TEST_F(CgroupIndexTest, FullOfTheLivingItStaysBounded) {
  for (int i = 0; i < 20; ++i) host_.Cgroup("/g/" + std::to_string(i));
  CgroupIndex index = Make({.cgroups = 10, .tombstone_ttl = absl::Minutes(1)});
  index.Scan(1);
  EXPECT_EQ(index.size(), 10u);
}

}  // namespace
}  // namespace nsobs
