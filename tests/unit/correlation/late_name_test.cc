// Containers whose runtime writes them down after their program has begun, as crun does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

using Operation = NamespaceChange::Operation;
using testing::IsEmpty;
using testing::SizeIs;

constexpr absl::Duration kPatience = absl::Milliseconds(500);
constexpr int64_t kMillisecond = 1'000'000;

class LateNameTest : public testing::Test {
 protected:
  LateNameTest() : correlator_(host_.Options(), &clock_) {
    EXPECT_TRUE(correlator_.ScanHost().ok());
    for (auto& [kind, inode] : init_.ns) init_.ns_id[kind] = inode + 10'000;
    init_.start_ticks = static_cast<uint64_t>(clock_.BootNs()) / (kSecond / 100);
  }
  // crun's child makes the namespaces; the program in them begins.
  void Begin() {
    FakeProcess crun = init_;
    crun.pid = 800;
    crun.ns_pid = 0;
    crun.comm = "crun";
    correlator_.Observe(host_.Change(crun, Operation::kUnshare, Now()));
    correlator_.Learn(host_.Exec(init_, Now()));
  }
  ObservedEvent Connect() { return correlator_.Observe(host_.Connect(init_, Now())); }
  void End() { correlator_.Learn(host_.Exit(init_, Now(), 0, 0)); }
  ObservedEvent After(int64_t ns, const ObservedEvent& event) {
    clock_.AdvanceNs(ns);
    correlator_.LookAgain();
    return correlator_.ObserveAgain(event.event);
  }
  int64_t Now() { return clock_.BootNs() + ++records_; }

  FakeHost host_;
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  Correlator correlator_;
  FakeProcess init_{.pid = 801, .ns_pid = 1, .comm = "nc", .ns = ContainerNamespaces(8000)};
  int64_t records_ = 0;
};

TEST_F(LateNameTest, WhatAwaitsItsNameGetsIt) {
  Begin();
  const ObservedEvent first = Connect();
  EXPECT_EQ(first.container->name, "unknown mnt:[8000]");
  EXPECT_TRUE(first.awaits_name);
  EXPECT_TRUE(After(20 * kMillisecond, first).awaits_name) << "it is still not written";
  host_.AddCrunStatus("late", init_, "");
  const ObservedEvent again = After(100 * kMillisecond, first);
  EXPECT_EQ(again.container->name, "late");
  EXPECT_EQ(again.event.boot_ns, first.event.boot_ns);
  EXPECT_FALSE(again.awaits_name);
  EXPECT_FALSE(Connect().awaits_name);
}

TEST_F(LateNameTest, ASignalFromItAwaitsItsNameToo) {
  Begin();
  const FakeProcess host{.pid = 700};
  const ObservedEvent sent = correlator_.Observe(host_.Kill(host, init_, Now()));
  EXPECT_EQ(sent.container, nullptr);
  EXPECT_TRUE(sent.awaits_name);
  host_.AddCrunStatus("late", init_, "");
  const ObservedEvent again = After(100 * kMillisecond, sent);
  EXPECT_EQ(again.peer->name, "late");
  EXPECT_FALSE(again.awaits_name);
}

TEST_F(LateNameTest, ItsStartIsKeptBackForAsLong) {
  Begin();
  EXPECT_THAT(correlator_.TakeMade(kPatience), IsEmpty());
  EXPECT_TRUE(correlator_.HasMade());
  host_.AddCrunStatus("late", init_, "");
  clock_.AdvanceNs(100 * kMillisecond);
  correlator_.LookAgain();
  const auto made = correlator_.TakeMade(kPatience);
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].container->name, "late");
  EXPECT_FALSE(correlator_.HasMade());
}

TEST_F(LateNameTest, WhoIsNeverWrittenDownIsToldAllTheSame) {
  Begin();
  EXPECT_THAT(correlator_.TakeMade(kPatience), IsEmpty());
  clock_.AdvanceNs(501 * kMillisecond);
  const auto made = correlator_.TakeMade(kPatience);
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].container->name, "unknown mnt:[8000]");
}

TEST_F(LateNameTest, WithoutPatienceItIsToldAtOnce) {
  Begin();
  EXPECT_THAT(correlator_.TakeMade(), SizeIs(1));
}

// A shell that runs its last command in its own place is one init of two programs.
TEST_F(LateNameTest, ItBeginsOnceWhateverItRuns) {
  Begin();
  host_.AddCrunStatus("late", init_, "");
  init_.comm = "exe";
  correlator_.Learn(host_.Exec(init_, Now()));
  EXPECT_EQ(Connect().container->name, "late");
  const auto made = correlator_.TakeMade(kPatience);
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].container->name, "late");
  EXPECT_EQ(made[0].event.process.comm, "nc") << "the first";
}

// It has ended before its runtime wrote anything; a runtime that detaches leaves its state behind.
TEST_F(LateNameTest, WhoHasEndedBeforeGetsItsName) {
  Begin();
  const ObservedEvent first = Connect();
  End();
  EXPECT_TRUE(first.awaits_name);
  host_.AddCrunStatus("late", init_, "");
  const ObservedEvent again = After(100 * kMillisecond, first);
  EXPECT_EQ(again.container->name, "late");
  EXPECT_FALSE(again.awaits_name);
  const auto made = correlator_.TakeMade(kPatience);
  ASSERT_THAT(made, SizeIs(2)) << "its start and its end, once";
  EXPECT_EQ(made[0].event.kind, EventKind::kContainerStart);
  EXPECT_EQ(made[1].event.kind, EventKind::kContainerExit);
  for (const ObservedEvent& one : made) EXPECT_EQ(one.container->name, "late");
  const auto inventory = correlator_.inventory();
  ASSERT_THAT(inventory->containers(), SizeIs(1));
  EXPECT_EQ(inventory->containers()[0]->name, "late");
  EXPECT_NE(inventory->containers()[0]->died_boot_ns, 0) << "it has ended";
}

TEST_F(LateNameTest, TheStateOfAnotherProcessWithThePidIsNotItsName) {
  Begin();
  const ObservedEvent first = Connect();
  End();
  FakeProcess other = init_;
  other.start_ticks += 1;
  host_.AddCrunStatus("other", other, "");
  EXPECT_TRUE(After(100 * kMillisecond, first).awaits_name);
}

TEST_F(LateNameTest, TheEndedAreLookedForForASecondOnly) {
  Begin();
  const ObservedEvent first = Connect();
  End();
  host_.AddCrunStatus("late", init_, "");
  EXPECT_EQ(After(1100 * kMillisecond, first).container->name, "unknown mnt:[8000]");
}

}  // namespace
}  // namespace nsobs
