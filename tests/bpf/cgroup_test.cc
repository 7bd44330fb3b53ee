// Births and deaths of cgroups, in both hierarchies that name containers.
#include <gtest/gtest.h>

#include "bpf/event_abi.h"
#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

std::vector<Event> EventsOf(const CgroupKey& key) {
  return Probes::Shared().Take([&](const Event& e) {
    const auto* change = std::get_if<CgroupChange>(&e.detail);
    return change != nullptr && change->cgroup == key;
  });
}

class CgroupTest : public ::testing::TestWithParam<Hierarchy> {};

TEST_P(CgroupTest, BirthAndDeathAreToldOnceWithThePath) {
  const int64_t from = BootNowNs();
  Cgroup outer(GetParam());
  Cgroup inner(outer, "inner scope");
  inner.Remove();
  const auto events = EventsOf(inner.key());
  ASSERT_EQ(events.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const auto& change = std::get<CgroupChange>(events[i].detail);
    ExpectHeader(events[i], EventKind::kCgroupChange, from, BootNowNs());
    EXPECT_EQ(change.born, i == 0);
    EXPECT_EQ(change.path, inner.path());
    EXPECT_FALSE(change.truncated);
    EXPECT_EQ(change.level, 2u);
  }
}

TEST_P(CgroupTest, LongPathIsCutAndSaysSo) {
  Cgroup outer(GetParam());
  Cgroup middle(outer, std::string(200, 'm'));
  Cgroup inner(middle, std::string(200, 'i'));
  const auto events = EventsOf(inner.key());
  ASSERT_EQ(events.size(), 1u);
  const auto& change = std::get<CgroupChange>(events[0].detail);
  EXPECT_TRUE(change.truncated);
  EXPECT_EQ(change.path, inner.path().substr(0, NSOBS_PATH_LEN - 1));
  EXPECT_EQ(change.level, 3u);
}

INSTANTIATE_TEST_SUITE_P(All, CgroupTest,
                         ::testing::Values(Hierarchy::kUnified, Hierarchy::kMemory),
                         [](const auto& info) {
                           return info.param == Hierarchy::kUnified ? "Unified" : "Memory";
                         });

}  // namespace
}  // namespace nsobs
