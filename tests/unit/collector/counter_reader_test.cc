// What of the counters needs no kernel maps; tests/bpf reads real ones.
#include "userspace/collector/counter_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "bpf/event_abi.h"
#include "userspace/collector/kind_map.h"

namespace nsobs {
namespace {

TEST(CounterFamilyTest, NumbersAreTheKernels) {
  EXPECT_EQ(static_cast<int>(CounterFamily::kConnectFailure), NSOBS_COUNT_CONNECT_FAILURE);
  EXPECT_EQ(static_cast<int>(CounterFamily::kSignal), NSOBS_COUNT_SIGNAL);
  EXPECT_EQ(static_cast<int>(CounterFamily::kOomKill), NSOBS_COUNT_OOM_KILL);
  EXPECT_EQ(static_cast<int>(CounterFamily::kNamespaceChange), NSOBS_COUNT_NAMESPACE_CHANGE);
  EXPECT_EQ(static_cast<int>(CounterFamily::kNamespaceFailure), NSOBS_COUNT_NAMESPACE_FAILURE);
  EXPECT_EQ(static_cast<int>(CounterFamily::kSignalTaken), NSOBS_COUNT_SIGNAL_DELIVERED);
  EXPECT_EQ(static_cast<int>(CounterFamily::kPacketDrop), NSOBS_COUNT_PACKET_DROP);
  EXPECT_EQ(static_cast<int>(CounterFamily::kBindFailure), NSOBS_COUNT_BIND_FAILURE);
  EXPECT_EQ(static_cast<int>(CounterFamily::kFileFailure), NSOBS_COUNT_FILE_FAILURE);
  EXPECT_EQ(static_cast<int>(CounterFamily::kDnsFailure), NSOBS_COUNT_DNS_FAILURE);
  EXPECT_EQ(static_cast<int>(CounterFamily::kDnsAnswer), NSOBS_COUNT_DNS_ANSWER);
  EXPECT_EQ(static_cast<int>(CounterFamily::kDnsAnswer) + 1, NSOBS_COUNT_END);
}

TEST(CounterFamilyTest, EachHasTheNamespaceThatTheAbiNames) {
  EXPECT_EQ(NamespaceOf(CounterFamily::kConnectFailure), NamespaceKind::kNet);
  EXPECT_EQ(NamespaceOf(CounterFamily::kSignal), NamespaceKind::kPid);
  EXPECT_EQ(NamespaceOf(CounterFamily::kOomKill), NamespaceKind::kPid);
  EXPECT_EQ(NamespaceOf(CounterFamily::kNamespaceChange), NamespaceKind::kMnt);
  EXPECT_EQ(NamespaceOf(CounterFamily::kNamespaceFailure), NamespaceKind::kMnt);
  EXPECT_EQ(NamespaceOf(CounterFamily::kSignalTaken), NamespaceKind::kPid);
  EXPECT_EQ(NamespaceOf(CounterFamily::kDnsFailure), NamespaceKind::kNet);
  EXPECT_EQ(NamespaceOf(CounterFamily::kDnsAnswer), NamespaceKind::kNet);
}

TEST(EventKindTest, NumbersAreTheKernels) {
  EXPECT_EQ(static_cast<int>(EventKind::kNamespaceChange), NSOBS_KIND_NAMESPACE_CHANGE);
  EXPECT_EQ(static_cast<int>(EventKind::kConnectFailure), NSOBS_KIND_CONNECT_FAILURE);
  EXPECT_EQ(static_cast<int>(EventKind::kSignal), NSOBS_KIND_SIGNAL);
  EXPECT_EQ(static_cast<int>(EventKind::kOomKill), NSOBS_KIND_OOM_KILL);
  EXPECT_EQ(static_cast<int>(EventKind::kCgroupChange), NSOBS_KIND_CGROUP_CHANGE);
  EXPECT_EQ(static_cast<int>(EventKind::kProcessExec), NSOBS_KIND_PROCESS_EXEC);
  EXPECT_EQ(static_cast<int>(EventKind::kProcessExit), NSOBS_KIND_PROCESS_EXIT);
  EXPECT_EQ(EventKindOf(NSOBS_KIND_PACKET_DROP), EventKind::kPacketDrop);
  EXPECT_EQ(EventKindOf(NSOBS_KIND_BIND_FAILURE), EventKind::kBindFailure);
  EXPECT_EQ(EventKindOf(NSOBS_KIND_FILE_FAILURE), EventKind::kFileFailure);
  EXPECT_EQ(EventKindOf(NSOBS_KIND_DNS_FAILURE), EventKind::kDnsFailure);
  for (uint32_t kind = 1; kind < NSOBS_KIND_END; ++kind) {
    EXPECT_EQ(KernelKindOf(EventKindOf(kind)), kind);
  }
  static_assert(NSOBS_KIND_END <= 16, "16 tallies an epoch");
  EXPECT_EQ(static_cast<int>(NamespaceKind::kCgroup), NSOBS_NS_CGROUP);
  EXPECT_EQ(static_cast<int>(NamespaceKind::kUts), NSOBS_NS_UTS);
  EXPECT_EQ(kNamespaceKindCount, size_t{NSOBS_NS_KINDS});
}

TEST(LossCauseTest, EachHasAName) {
  EXPECT_STREQ(LostCauseName(NSOBS_LOST_RING_FULL), "ring_full");
  EXPECT_STREQ(LostCauseName(NSOBS_LOST_BUDGET), "budget");
  EXPECT_STREQ(LostCauseName(NSOBS_LOST_STATE_FULL), "state_full");
  EXPECT_STREQ(LostCauseName(NSOBS_LOST_CAUSES), "unknown");
  EXPECT_STREQ(LostCauseName(~size_t{0}), "unknown");
  EXPECT_EQ(KernelTally{}.lost.size(), size_t{NSOBS_LOST_CAUSES});
}

TEST(CounterKeyTest, AllPartsCount) {
  const CounterKey key = {{1, 2}, {3, 4}};
  const absl::flat_hash_set<CounterKey> keys = {
      key, {{9, 2}, {3, 4}}, {{1, 9}, {3, 4}}, {{1, 2}, {9, 4}}, {{1, 2}, {3, 9}}, key};
  EXPECT_EQ(keys.size(), 5u);
}

TEST(CounterReaderTest, WithoutMapsItSaysSo) {
  KernelRuns runs({});
  const CounterReader reader(CounterMapFds{}, &runs);
  EXPECT_FALSE(reader.Read().ok());
  EXPECT_FALSE(reader.ReadLosses().ok());
  EXPECT_FALSE(reader.ReadTally(0, EventKind::kSignal).ok());
}

TEST(KernelTallyTest, LostTotalIsOverAllCauses) {
  KernelTally tally;
  tally.lost = {1, 20, 300};
  EXPECT_EQ(tally.LostTotal(), 321u);
}

}  // namespace
}  // namespace nsobs
