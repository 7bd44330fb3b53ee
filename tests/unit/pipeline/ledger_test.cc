#include "userspace/pipeline/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const CounterKey kWeb = {{77, 0}, {4'026'532'000, 500}};
const CounterKey kDb = {{78, 0}, {4'026'532'001, 501}};

TEST(LedgerTest, BeginsEmpty) {
  const LedgerEntry entry = Ledger().Get(EventKind::kSignal, 0);
  EXPECT_EQ(entry.recorded, 0u);
  EXPECT_EQ(entry.coalesced, 0u);
  EXPECT_THAT(entry.lost, IsEmpty());
  EXPECT_EQ(entry.Total(), 0u);
}

TEST(LedgerTest, AddsUpByKindEpochAndCause) {
  Ledger ledger;
  ledger.Recorded(EventKind::kSignal, 0, 1);
  ledger.Recorded(EventKind::kSignal, 0, 2);
  ledger.Recorded(EventKind::kSignal, 1, 10);
  ledger.Coalesced(EventKind::kSignal, 0, 20);
  ledger.Lost(kWeb, EventKind::kSignal, 0, "queue_full", 100);
  ledger.Lost(kWeb, EventKind::kSignal, 0, "queue_full", 200);
  ledger.Lost(kWeb, EventKind::kSignal, 0, "malformed", 1000);
  ledger.Lost(kWeb, EventKind::kGap, 0, "storage_error", 5);
  const LedgerEntry entry = ledger.Get(EventKind::kSignal, 0);
  EXPECT_EQ(entry.recorded, 3u);
  EXPECT_EQ(entry.coalesced, 20u);
  EXPECT_THAT(entry.lost, ElementsAre(Pair("malformed", 1000), Pair("queue_full", 300)));
  EXPECT_EQ(entry.Total(), 1323u);
  EXPECT_EQ(ledger.Get(EventKind::kSignal, 1).Total(), 10u);
  EXPECT_EQ(ledger.Get(EventKind::kGap, 0).Total(), 5u);
  EXPECT_EQ(ledger.Get(EventKind::kLoss, 0).Total(), 0u);
}

TEST(LedgerTest, AKindThatDoesNotExistHurtsNobody) {
  Ledger ledger;
  ledger.Lost(kWeb, static_cast<EventKind>(200), 3, "malformed", 7);
  for (size_t kind = 1; kind < kEventKindEnd; ++kind) {
    EXPECT_EQ(ledger.Get(static_cast<EventKind>(kind), 0).Total(), 0u);
    EXPECT_EQ(ledger.Get(static_cast<EventKind>(kind), 1).Total(), 0u);
  }
  EXPECT_EQ(ledger.Get(static_cast<EventKind>(255), 1).Total(), 7u);
}

using Told = std::map<std::tuple<uint64_t, EventKind, std::string>, uint64_t>;

Told LossesOf(const Ledger& ledger) {
  Told out;
  for (const OwnerLoss& loss : ledger.Losses()) {
    out[{loss.key.cgroup.id, loss.kind, loss.cause}] += loss.value;
  }
  return out;
}

TEST(LedgerTest, LossesAreKeptByOwnerKindAndCauseOverBothEpochs) {
  Ledger ledger;
  ledger.Lost(kWeb, EventKind::kSignal, 0, "queue_full", 1);
  ledger.Lost(kWeb, EventKind::kSignal, 1, "queue_full", 2);
  ledger.Lost(kDb, EventKind::kSignal, 1, "queue_full", 10);
  ledger.Lost(kDb, EventKind::kSignal, 1, "storage_error", 20);
  ledger.Lost(kDb, EventKind::kConnectFailure, 1, "queue_full", 40);
  ledger.Lost({}, EventKind::kContainerStart, 0, "queue_full", 80);
  EXPECT_EQ(LossesOf(ledger), (Told{{{77, EventKind::kSignal, "queue_full"}, 3},
                                    {{78, EventKind::kSignal, "queue_full"}, 10},
                                    {{78, EventKind::kSignal, "storage_error"}, 20},
                                    {{78, EventKind::kConnectFailure, "queue_full"}, 40},
                                    {{0, EventKind::kContainerStart, "queue_full"}, 80}}));
}

TEST(LedgerTest, OwnersHaveABoundAndNoLossIsForgotten) {
  Ledger ledger;
  constexpr uint64_t kMany = 3 * Ledger::kMaxOwners;
  for (uint64_t i = 1; i <= kMany; ++i) {
    ledger.Lost({{i, 0}, {}}, EventKind::kSignal, 0, "queue_full", 1);
  }
  ledger.Lost({{1, 0}, {}}, EventKind::kSignal, 0, "queue_full", 5);  // is known already
  EXPECT_LE(ledger.Losses().size(), Ledger::kMaxOwners + 1);
  Told told = LossesOf(ledger);
  EXPECT_EQ((told[{1, EventKind::kSignal, "queue_full"}]), 6u);
  EXPECT_EQ((told[{0, EventKind::kSignal, "queue_full"}]), kMany - Ledger::kMaxOwners);
}

TEST(LedgerTest, ThreadsAddUp) {
  Ledger ledger;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&ledger, t] {
      for (int i = 0; i < 1000; ++i) {
        ledger.Recorded(EventKind::kSignal, static_cast<uint8_t>(t & 1), 1);
        ledger.Coalesced(EventKind::kSignal, static_cast<uint8_t>(t & 1), 2);
        ledger.Lost(kWeb, EventKind::kSignal, static_cast<uint8_t>(t & 1), "queue_full", 3);
        EXPECT_LE(ledger.Get(EventKind::kSignal, 0).Total(), 12'000u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (uint8_t epoch : {uint8_t{0}, uint8_t{1}}) {
    EXPECT_EQ(ledger.Get(EventKind::kSignal, epoch).Total(), 12'000u);
  }
}

}  // namespace
}  // namespace nsobs
