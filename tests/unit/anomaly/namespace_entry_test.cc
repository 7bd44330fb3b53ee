#include "userspace/anomaly/rules/namespace_entry.h"

#include "tests/unit/anomaly/fixture.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using By = Entry::By;

class NamespaceEntryRuleTest : public RuleTest {
 protected:
  NamespaceEntryRuleTest() {
    Use(MakeNamespaceEntryRule(AnomalyOptions()));
    nsenter_.login_uid = 1000;
  }

  ObservedEvent Setns(NamespaceKind kind, By by, int64_t at_ns) {
    NamespaceChange change;
    change.changed = static_cast<uint8_t>(1 << static_cast<int>(kind));
    ObservedEvent event = MakeEvent(web_, nsenter_, change, at_ns);
    event.entered = true;
    event.peer = web_;
    event.entry = Entry{by, {{40, "bash", "-bash", 1000}, {1, "systemd", {}, {}}}, false};
    return event;
  }
  void End(int64_t at_ns) { Feed(MakeEvent(web_, nsenter_, ProcessExit(), at_ns)); }

  Process nsenter_ = MakeProcess(900, 900, "innocent");  // a renamed one
};

TEST_F(NamespaceEntryRuleTest, OneRecordWithAllKindsAtOnceAndItsEnd) {
  Feed(Setns(NamespaceKind::kPid, By::kStranger, 0));
  Feed(Setns(NamespaceKind::kNet, By::kStranger, 10 * kMillisecond));
  Tick(40 * kMillisecond);
  EXPECT_THAT(Said(), IsEmpty());
  Feed(Setns(NamespaceKind::kMnt, By::kStranger, 45 * kMillisecond));
  Tick(50 * kMillisecond);
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "namespace_entry");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.boot_ns, kBoot);
  EXPECT_EQ(a.wall_ns, kWall);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 900u);
  EXPECT_THAT(a.events, SizeIs(3));
  EXPECT_EQ(a.facts["ended"], false);
  EXPECT_EQ(a.facts["by"], "stranger");
  EXPECT_EQ(a.facts["kinds"].dump(), R"(["mnt","net","pid"])");
  EXPECT_EQ(a.facts["entrant"]["process"]["comm"], "innocent");
  EXPECT_EQ(a.facts["entrant"]["container"], nullptr);
  EXPECT_EQ(a.facts["user"], 1000);
  EXPECT_EQ(a.facts["lineage"].dump(),
            R"([{"pid":40,"comm":"bash","exe_args":"-bash","login_uid":1000},)"
            R"({"pid":1,"comm":"systemd","exe_args":null,"login_uid":null}])");
  EXPECT_EQ(a.summary, "web was entered by innocent[900], user 1000, from host: /bin/innocent -x");

  Tick(kSecond);
  EXPECT_THAT(Said(), IsEmpty());
  EXPECT_TRUE(AwaitsEnd(nsenter_)) << "else its exit is no event for us";
  EXPECT_FALSE(AwaitsEnd(MakeProcess(901, 901, "another")));
  End(12 * kSecond);
  EXPECT_FALSE(AwaitsEnd(nsenter_));
  const Anomaly end = One();
  EXPECT_EQ(end.key, a.key + ":end");
  EXPECT_EQ(end.severity, Severity::kInfo);
  EXPECT_EQ(end.boot_ns, kBoot + 12 * kSecond);
  EXPECT_EQ(end.wall_ns, kWall + 12 * kSecond);
  EXPECT_EQ(end.facts["ended"], true);
  EXPECT_EQ(end.facts["duration_ns"], 12 * kSecond);
  EXPECT_EQ(end.facts["kinds"], a.facts["kinds"]);
  EXPECT_THAT(end.events, SizeIs(4));
  End(13 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(NamespaceEntryRuleTest, AVisitShorterThanTheWaitIsToldAsWell) {
  Feed(Setns(NamespaceKind::kNet, By::kStranger, 0));
  End(5 * kMillisecond);
  const std::vector<Anomaly> said = Said();
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_EQ(said[0].severity, Severity::kWarning);
  EXPECT_EQ(said[1].facts["duration_ns"], 5 * kMillisecond);
  Tick(kSecond);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(NamespaceEntryRuleTest, TwoContainersAreTwoVisits) {
  Feed(Setns(NamespaceKind::kNet, By::kStranger, 0));
  ObservedEvent other = Setns(NamespaceKind::kNet, By::kStranger, kMillisecond);
  other.peer = db_;
  other.entered_from = web_;
  Feed(other);
  Tick(kSecond);
  const std::vector<Anomaly> said = Said();
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_EQ(said[0].container, web_);
  EXPECT_EQ(said[1].container, db_);
  EXPECT_EQ(said[1].facts["entrant"]["container"]["name"], "web");
  End(2 * kSecond);
  EXPECT_THAT(Said(), SizeIs(2));
}

TEST_F(NamespaceEntryRuleTest, WhoMayHaveBeenTheEngineIsAnInfo) {
  Feed(Setns(NamespaceKind::kNet, By::kUnknown, 0));
  Tick(kSecond);
  EXPECT_EQ(One().severity, Severity::kInfo);
}

TEST_F(NamespaceEntryRuleTest, PlainNamespacesAreThereToBeEntered) {
  auto plain = std::make_shared<Container>(*web_);
  plain->runtime = "netns";
  ObservedEvent event = Setns(NamespaceKind::kNet, By::kStranger, 0);
  event.peer = plain;
  Feed(event);
  Tick(kSecond);
  EXPECT_EQ(One().severity, Severity::kInfo);
}

TEST_F(NamespaceEntryRuleTest, EnginesAndPlumbingRaiseNothing) {
  Feed(Setns(NamespaceKind::kNet, By::kEngine, 0));
  ObservedEvent plumbing = Setns(NamespaceKind::kNet, By::kStranger, 0);
  plumbing.entry->before_start = true;
  Feed(plumbing);
  ObservedEvent own = Setns(NamespaceKind::kNet, By::kStranger, 0);  // its own unshare
  own.entry.reset();
  Feed(own);
  ObservedEvent failed = Setns(NamespaceKind::kNet, By::kStranger, 0);
  std::get<NamespaceChange>(failed.event.detail).error = 1;
  Feed(failed);
  ObservedEvent home = Setns(NamespaceKind::kNet, By::kStranger, 0);  // back to the host
  home.peer = home.container = nullptr;
  Feed(home);
  End(kSecond);
  Tick(kMinute);
  EXPECT_THAT(Said(), IsEmpty());
}

// What is forgotten is who is still there, never that somebody came.
TEST_F(NamespaceEntryRuleTest, ACrowdIsToldOfWhole) {
  for (uint32_t pid = 1; pid <= 3000; ++pid) {
    nsenter_ = MakeProcess(pid, pid, "x");
    Feed(Setns(NamespaceKind::kNet, By::kStranger, 0));
  }
  Tick(kSecond);
  EXPECT_THAT(Said(), SizeIs(3000));
  End(2 * kSecond);
  EXPECT_THAT(Said(), SizeIs(1));
  nsenter_ = MakeProcess(1, 1, "x");
  End(2 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
}

}  // namespace
}  // namespace nsobs
