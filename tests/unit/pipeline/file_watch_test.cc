// For whom file failures are on, as containers come and go.
#include "userspace/pipeline/file_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class FileWatchTest : public testing::Test {
 protected:
  // In cgroups of its own, or in the host's.
  void StartDocker(uint32_t pid, const std::string& seed, const std::string& name) {
    const std::string id = FullId(seed), path = "/docker/" + id;
    const FakeProcess init{.pid = pid,
                           .ns_pid = 1,
                           .ns = ContainerNamespaces(pid * 10),
                           .unified = path,
                           .memory = path};
    host_.AddDocker(id, name);
    host_.AddRuncState("docker/exec/runtime-runc/moby", id, init, path);
    host_.Start(init);
  }
  const Inventory& Scan() {
    correlator_ = std::make_unique<Correlator>(host_.Options(), &clock_);
    EXPECT_TRUE(correlator_->ScanHost().ok());
    inventory_ = correlator_->inventory();
    return *inventory_;
  }

  FakeHost host_;
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  std::unique_ptr<Correlator> correlator_;
  std::shared_ptr<const Inventory> inventory_;
};

TEST_F(FileWatchTest, EachWordSaysWhatBecameOfIt) {
  StartDocker(100, "abcd1", "web");
  StartDocker(200, "abcd2", "db");
  const FileWatchPlan plan = PlanFileWatch({"web", "later", "abcd"}, Scan());
  EXPECT_THAT(plan.cgroups, SizeIs(2));
  ASSERT_THAT(plan.names, SizeIs(3));
  EXPECT_EQ(plan.names[0].text, "docker " + FullId("abcd1").substr(0, 12) + ", watched");
  EXPECT_TRUE(plan.names[0].good);
  EXPECT_EQ(plan.names[1].text, "does not run; watched once it does");
  EXPECT_TRUE(plan.names[1].good);
  EXPECT_EQ(plan.names[2].text, "not watched: the ids of several containers begin so");
  EXPECT_FALSE(plan.names[2].good);
}

TEST_F(FileWatchTest, AContainerWithoutACgroupIsNotWatchedAndSaysSo) {
  // crun's list names it; it lives in the cgroups of the host.
  const FakeProcess init{.pid = 400, .ns_pid = 1, .ns = ContainerNamespaces(4000)};
  host_.AddCrunStatus("bare", init, "/never/made");
  host_.Start(init);
  const FileWatchPlan plan = PlanFileWatch({"bare"}, Scan());
  EXPECT_THAT(plan.cgroups, IsEmpty());
  ASSERT_THAT(plan.names, SizeIs(1));
  EXPECT_FALSE(plan.names[0].good);
  EXPECT_EQ(plan.names[0].text,
            "crun bare, not watched: it has no cgroup of its own to be told by");
}

TEST_F(FileWatchTest, FollowsARestartUnderTheSameName) {
  std::vector<std::vector<CgroupKey>> sets;
  FileWatch watch({"web"}, [&](const std::vector<CgroupKey>& cgroups) {
    sets.push_back(cgroups);
    return absl::OkStatus();
  });
  watch.Update(Scan());
  StartDocker(100, "abcd1", "web");
  watch.Update(Scan());
  EXPECT_TRUE(watch.Concerns(*inventory_->containers().front()));
  host_.End(100);
  host_.RemoveCgroup("/docker/" + FullId("abcd1"));
  host_.Remove("docker/data/containers/" + FullId("abcd1"));
  StartDocker(101, "abcd9", "web");
  watch.Update(Scan());
  EXPECT_THAT(sets, ElementsAre(SizeIs(0), SizeIs(2), SizeIs(2)));
  EXPECT_NE(sets[1], sets[2]);
}

TEST(FileWatchWithoutWordsTest, DoesNothing) {
  int calls = 0;
  FileWatch watch({}, [&](const auto&) {
    ++calls;
    return absl::OkStatus();
  });
  EXPECT_TRUE(watch.empty());
  watch.Update(Inventory());
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace nsobs
