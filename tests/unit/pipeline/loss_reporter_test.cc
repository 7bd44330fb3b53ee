#include "userspace/pipeline/loss_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "userspace/pipeline/mark_facts.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kSecond = 1'000'000'000;

const CounterKey kWeb = {{77, 0}, {4'026'532'000, 500}};
const CounterKey kDb = {{78, 0}, {4'026'532'001, 501}};

class LossReporterTest : public ::testing::Test {
 protected:
  LossReporterTest() {
    auto web = std::make_shared<Container>();
    web->name = "web";
    web_ = web;
  }

  std::vector<ObservedEvent> Report(const std::vector<OwnerLoss>& kernel) {
    const auto find_owner = [this](const CounterKey& key, NamespaceKind kind) {
      asked_.push_back(kind);
      return key == kWeb ? web_ : nullptr;
    };
    return reporter_.Report(kernel, ledger_, find_owner, &facts_);
  }

  FakeClock clock_{/*boot_ns=*/100 * kSecond, /*wall_ns=*/1000 * kSecond};
  Ledger ledger_;
  ContainerRef web_;
  std::vector<NamespaceKind> asked_;
  std::vector<TimelineFact> facts_;
  LossReporter reporter_{&clock_};
};

const Loss& LossOf(const ObservedEvent& event) { return std::get<Loss>(event.event.detail); }

TEST_F(LossReporterTest, NothingLostNothingSaid) {
  EXPECT_THAT(Report({}), IsEmpty());
  EXPECT_THAT(Report({{kWeb, EventKind::kSignal, "budget", 0}}), IsEmpty());
}

TEST_F(LossReporterTest, WhoWhatWhenWhyAndHowMany) {
  clock_.AdvanceNs(kSecond);
  const auto events = Report({{kWeb, EventKind::kConnectFailure, "budget", 12}});
  ASSERT_THAT(events, SizeIs(1));
  const ObservedEvent& event = events[0];
  EXPECT_EQ(event.event.kind, EventKind::kLoss);
  EXPECT_EQ(event.event.boot_ns, 101 * kSecond);
  EXPECT_EQ(event.wall_ns, 1001 * kSecond);
  EXPECT_EQ(event.last_wall_ns, 1001 * kSecond);
  EXPECT_EQ(event.count, 1u);
  EXPECT_EQ(event.container, web_);
  EXPECT_EQ(event.event.process.pid, 0u);
  EXPECT_EQ(LossOf(event).of, EventKind::kConnectFailure);
  EXPECT_EQ(LossOf(event).cause, "budget");
  EXPECT_EQ(LossOf(event).count, 12u);
  EXPECT_EQ(LossOf(event).from_wall_ns, 1000 * kSecond);
  EXPECT_EQ(LossOf(event).to_wall_ns, 1001 * kSecond);
}

TEST_F(LossReporterTest, OnlyWhatGrewSinceTheLastTime) {
  std::vector<OwnerLoss> kernel = {{kWeb, EventKind::kSignal, "budget", 10},
                                   {kDb, EventKind::kSignal, "budget", 5}};
  EXPECT_THAT(Report(kernel), SizeIs(2));
  clock_.AdvanceNs(kSecond);
  EXPECT_THAT(Report(kernel), IsEmpty());
  clock_.AdvanceNs(kSecond);
  kernel[1].value = 8;
  const auto events = Report(kernel);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(LossOf(events[0]).count, 3u);
  EXPECT_EQ(LossOf(events[0]).from_wall_ns, 1001 * kSecond);  // since it was looked at last
  EXPECT_EQ(LossOf(events[0]).to_wall_ns, 1002 * kSecond);
  EXPECT_EQ(events[0].container, nullptr);
}

TEST_F(LossReporterTest, KindsAndCausesAreCountedApart) {
  const auto events = Report({{kWeb, EventKind::kSignal, "budget", 1},
                              {kWeb, EventKind::kSignal, "ring_full", 2},
                              {kWeb, EventKind::kOomKill, "ring_full", 4}});
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(LossOf(events[0]).count, 1u);
  EXPECT_EQ(LossOf(events[1]).count, 2u);
  EXPECT_EQ(LossOf(events[2]).count, 4u);
}

// Inodes come back at once: a new namespace with an old number is somebody else.
TEST_F(LossReporterTest, AnInodeThatCameBackIsCountedFromZero) {
  CounterKey reborn = kDb;
  reborn.ns.id = kDb.ns.id + 1;
  EXPECT_EQ(LossOf(Report({{kDb, EventKind::kSignal, "budget", 100}})[0]).count, 100u);
  const auto events = Report(
      {{kDb, EventKind::kSignal, "budget", 100}, {reborn, EventKind::kSignal, "budget", 40}});
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(LossOf(events[0]).count, 40u);
}

TEST_F(LossReporterTest, TheOwnerIsLookedUpByTheNamespaceOfTheKind) {
  Report({{kWeb, EventKind::kConnectFailure, "budget", 1},
          {kWeb, EventKind::kSignal, "budget", 1},
          {kWeb, EventKind::kOomKill, "ring_full", 1},
          {kWeb, EventKind::kNamespaceChange, "ring_full", 1},
          {kWeb, EventKind::kProcessExec, "ring_full", 1}});
  EXPECT_THAT(asked_,
              testing::ElementsAre(NamespaceKind::kNet, NamespaceKind::kPid, NamespaceKind::kPid,
                                   NamespaceKind::kMnt, NamespaceKind::kPid));
}

TEST_F(LossReporterTest, WhatUserspaceLostIsItsOwnersAndOverBothEpochs) {
  ledger_.Lost(kWeb, EventKind::kSignal, 0, "queue_full", 3);
  ledger_.Lost(kWeb, EventKind::kSignal, 1, "queue_full", 4);
  ledger_.Recorded(EventKind::kSignal, 0, 100);
  auto events = Report({{kWeb, EventKind::kSignal, "budget", 1}});
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(LossOf(events[1]).cause, "queue_full");
  EXPECT_EQ(LossOf(events[1]).count, 7u);
  EXPECT_EQ(LossOf(events[1]).of, EventKind::kSignal);
  EXPECT_EQ(events[1].container, web_);
  EXPECT_THAT(asked_, testing::Each(NamespaceKind::kPid));
  EXPECT_THAT(Report({{kWeb, EventKind::kSignal, "budget", 1}}), IsEmpty());
  ledger_.Lost(kWeb, EventKind::kSignal, 0, "queue_full", 1);
  events = Report({});
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(LossOf(events[0]).count, 1u);
}

// What userspace makes has no key: nobody is asked for.
TEST_F(LossReporterTest, WhatHasNoOwnerIsNobodys) {
  ledger_.Lost({}, EventKind::kContainerStart, 0, "storage_error", 5);
  const auto events = Report({});
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].container, nullptr);
  EXPECT_EQ(LossOf(events[0]).count, 5u);
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(LossReporterTest, EveryKindCanBeLost) {
  for (size_t kind = 1; kind < kEventKindEnd; ++kind) {
    ledger_.Lost(kWeb, static_cast<EventKind>(kind), 0, "queue_full", kind);
  }
  const auto events = Report({});
  ASSERT_THAT(events, SizeIs(kEventKindEnd - 1));
  for (const ObservedEvent& event : events) {
    EXPECT_EQ(LossOf(event).count, static_cast<uint64_t>(LossOf(event).of));
  }
}

TEST_F(LossReporterTest, ASuccessorGoesOnWithWhatWasTold) {
  Report({{kWeb, EventKind::kSignal, "budget", 7}});
  ledger_.Lost(kWeb, EventKind::kSignal, 0, "queue_full", 2);
  Report({{kWeb, EventKind::kSignal, "budget", 7}});
  ASSERT_EQ(facts_.size(), 1u) << "of the kernel's losses alone: the ledger ends with us";
  LossReporter successor(&clock_);
  successor.Restore(ReadMark({{facts_[0].key, facts_[0].value}}).told);
  std::vector<TimelineFact> facts;
  const auto nobody = [](const CounterKey&, NamespaceKind) { return nullptr; };
  EXPECT_THAT(successor.Report({{kWeb, EventKind::kSignal, "budget", 7}}, Ledger(), nobody, &facts),
              IsEmpty());
  const auto events =
      successor.Report({{kWeb, EventKind::kSignal, "budget", 9}}, Ledger(), nobody, &facts);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(LossOf(events[0]).count, 2u);
}

}  // namespace
}  // namespace nsobs
