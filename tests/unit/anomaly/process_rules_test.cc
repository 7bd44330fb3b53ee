// Crashes, OOM kills and kills from outside: one event each.
#include <csignal>

#include "tests/unit/anomaly/fixture.h"
#include "userspace/anomaly/rules/crash.h"
#include "userspace/anomaly/rules/oom_kill.h"
#include "userspace/anomaly/rules/sigkill_by_other.h"
#include "userspace/anomaly/rules/stuck.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Result = Signal::Result;

class CrashRuleTest : public RuleTest {
 protected:
  CrashRuleTest() { Use(MakeCrashRule(AnomalyOptions())); }

  void Exit(const ContainerRef& container, int signal, int64_t at_ns) {
    Feed(MakeEvent(container, worker_, ProcessExit{0, signal, true, kSecond}, at_ns));
  }
};

TEST_F(CrashRuleTest, OnceIsAnInfoAndThreeTimesIsAWarning) {
  Exit(web_, SIGSEGV, 0);
  Anomaly a = One();
  EXPECT_EQ(a.rule, "crash");
  EXPECT_EQ(a.severity, Severity::kInfo);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 107u);
  EXPECT_EQ(a.summary, "web: worker[107] crashed: SIGSEGV");
  EXPECT_EQ(a.facts.dump(),
            R"({"signal":11,"signal_name":"SIGSEGV","crashes_in_window":1,)"
            R"("window_ns":600000000000,"core_dumped":true,"lifetime_ns":1000000000,)"
            R"("is_init":false,"sender":null})");
  Exit(web_, SIGABRT, kMinute);
  EXPECT_THAT(Said(), IsEmpty());
  Exit(web_, SIGSEGV, 9 * kMinute);
  a = One();
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.facts["crashes_in_window"], 3);
  EXPECT_EQ(a.summary, "web: worker[107] crashed: SIGSEGV, 3 times in 10 min");
}

TEST_F(CrashRuleTest, SlowCrashesAreSingleOnes) {
  for (int i = 0; i < 5; ++i) {
    Exit(web_, SIGBUS, i * 11 * kMinute);
    EXPECT_EQ(One().severity, Severity::kInfo) << i;
  }
}

TEST_F(CrashRuleTest, EachContainerAndProgramForItself) {
  for (int i = 0; i < 2; ++i) Exit(web_, SIGILL, 0);
  EXPECT_THAT(Said(), SizeIs(1));
  for (int i = 0; i < 2; ++i) Exit(db_, SIGILL, 0);
  Feed(MakeEvent(web_, init_, ProcessExit{0, SIGILL, false, 1}, 0));
  const std::vector<Anomaly> said = Said();
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_EQ(said[0].severity, Severity::kInfo);
  EXPECT_EQ(said[1].severity, Severity::kInfo);
  EXPECT_EQ(said[1].facts["is_init"], true);
}

TEST_F(CrashRuleTest, TheSignalIsEvidenceAndASenderIsNamed) {
  Signal fault = MakeSignal(SIGSEGV, Result::kDelivered, worker_);
  fault.by_kernel = true;
  Feed(MakeEvent(web_, worker_, fault, 0));
  Exit(web_, SIGSEGV, kMillisecond);
  Anomaly a = One();
  EXPECT_THAT(a.events, SizeIs(2));
  EXPECT_EQ(a.facts["sender"], nullptr);
  Feed(MakeEvent(db_, worker_, MakeSignal(SIGABRT, Result::kDelivered, engine_), kSecond));
  Exit(db_, SIGABRT, kSecond + 1);
  EXPECT_EQ(One().facts["sender"]["process"]["pid"], 50);
}

TEST_F(CrashRuleTest, OtherEndsAreNone) {
  for (const int signal : {0, SIGTERM, SIGKILL, SIGINT, SIGPIPE, SIGHUP}) Exit(web_, signal, 0);
  Exit(nullptr, SIGSEGV, 0);
  EXPECT_THAT(Said(), IsEmpty());
}

class OomKillRuleTest : public RuleTest {
 protected:
  OomKillRuleTest() { Use(MakeOomKillRule(AnomalyOptions())); }

  Anomaly Kill(const ContainerRef& container, const Process& victim, OomKill::Reason reason) {
    OomKill kill;
    kill.reason = reason;
    kill.trigger = worker_;
    kill.limit_bytes = 64 << 20;
    kill.usage_bytes = 2;
    kill.anon_bytes = 3;
    kill.file_bytes = 4;
    kill.shmem_bytes = 5;
    kill.cgroup_path = "/pod";
    Feed(MakeEvent(container, victim, kill, 0));
    return One();
  }
};

TEST_F(OomKillRuleTest, TheInitAtItsOwnLimit) {
  const Anomaly a = Kill(web_, init_, OomKill::Reason::kCgroup);
  EXPECT_EQ(a.rule, "oom_kill");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.subject.pid, 100u);
  EXPECT_EQ(a.container, web_);
  EXPECT_THAT(a.events, SizeIs(1));
  EXPECT_EQ(a.summary, "web: nginx[100] was killed: its memory limit of 64 MiB was reached");
  EXPECT_EQ(a.facts["reason"], "cgroup");
  EXPECT_EQ(a.facts["victim_is_init"], true);
  EXPECT_EQ(a.facts["helper"], false);
  EXPECT_EQ(a.facts["limit_bytes"], 64 << 20);
  EXPECT_EQ(a.facts["usage_bytes"], 2);
  EXPECT_EQ(a.facts["anon_bytes"], 3);
  EXPECT_EQ(a.facts["file_bytes"], 4);
  EXPECT_EQ(a.facts["shmem_bytes"], 5);
  EXPECT_EQ(a.facts["cgroup"], "/pod");
  EXPECT_EQ(a.facts["kills_in_hour"], 1);
  EXPECT_EQ(a.facts["trigger"]["pid"], 107);
  EXPECT_EQ(Kill(web_, init_, OomKill::Reason::kCgroup).facts["kills_in_hour"], 2);
}

TEST_F(OomKillRuleTest, AHelperIsATroubleOfItsOwn) {
  const Anomaly init = Kill(web_, init_, OomKill::Reason::kAncestor);
  const Anomaly helper = Kill(web_, worker_, OomKill::Reason::kAncestor);
  EXPECT_EQ(helper.facts["helper"], true);
  EXPECT_EQ(helper.facts["victim_is_init"], false);
  EXPECT_NE(helper.key, init.key);
  EXPECT_EQ(helper.summary,
            "web: worker[107], a helper and not PID 1, was killed: the memory limit of 64 MiB of "
            "/pod was reached");
}

TEST_F(OomKillRuleTest, AHostWithoutMemoryIsCritical) {
  EXPECT_EQ(Kill(web_, init_, OomKill::Reason::kHost).severity, Severity::kCritical);
  const Anomaly a = Kill(nullptr, worker_, OomKill::Reason::kHost);
  EXPECT_EQ(a.severity, Severity::kCritical);
  EXPECT_EQ(a.facts["helper"], false);
}

TEST_F(OomKillRuleTest, NothingElse) {
  Feed(MakeEvent(web_, init_, MakeSignal(SIGKILL, Result::kDelivered, engine_), 0));
  EXPECT_THAT(Said(), IsEmpty());
}

class SigkillByOtherRuleTest : public RuleTest {
 protected:
  SigkillByOtherRuleTest() { Use(MakeSigkillByOtherRule(AnomalyOptions())); }
};

TEST_F(SigkillByOtherRuleTest, KilledFromOutside) {
  Feed(MakeEvent(web_, worker_, MakeSignal(SIGKILL, Result::kDelivered, engine_), 0));
  Anomaly a = One();
  EXPECT_EQ(a.rule, "sigkill_by_other");
  EXPECT_EQ(a.severity, Severity::kInfo);
  EXPECT_EQ(a.subject.pid, 107u);
  EXPECT_EQ(a.container, web_);
  EXPECT_THAT(a.events, SizeIs(1));
  EXPECT_EQ(a.summary, "web: worker[107] was killed by dockerd[50] of host");
  EXPECT_EQ(a.facts["sender"]["process"]["pid"], 50);
  ObservedEvent event =
      MakeEvent(web_, worker_, MakeSignal(SIGKILL, Result::kDelivered, engine_), 0);
  event.peer = db_;
  Feed(event);
  EXPECT_EQ(One().facts["sender"]["container"]["name"], "db");
}

TEST_F(SigkillByOtherRuleTest, Decoys) {
  const Signal kill = MakeSignal(SIGKILL, Result::kDelivered, engine_);
  Signal by_kernel = kill;
  by_kernel.by_kernel = true;
  ObservedEvent own = MakeEvent(web_, worker_, kill, 0);
  own.peer = std::make_shared<Container>(*web_);  // as it was named a moment later
  ObservedEvent visitor = MakeEvent(web_, worker_, kill, 0);
  visitor.entered = true;
  Feed(own);
  Feed(visitor);
  Feed(MakeEvent(web_, worker_, by_kernel, 0));
  Feed(MakeEvent(web_, init_, kill, 0));
  Feed(MakeEvent(nullptr, worker_, kill, 0));
  Feed(MakeEvent(web_, worker_, MakeSignal(SIGKILL, Result::kPending, engine_), 0));
  Feed(MakeEvent(web_, worker_, MakeSignal(SIGTERM, Result::kDelivered, engine_), 0));
  EXPECT_THAT(Said(), IsEmpty());
}

class StuckRuleTest : public RuleTest {
 protected:
  StuckRuleTest() { Use(MakeStuckRule(AnomalyOptions())); }

  void Kill(const ContainerRef& container, const Process& target, int64_t at_ns,
            Result result = Result::kDelivered) {
    Feed(MakeEvent(container, target, MakeSignal(SIGKILL, result, engine_), at_ns));
  }
};

TEST_F(StuckRuleTest, KilledAndStillThereAfterTenSeconds) {
  Kill(web_, init_, 0);
  Kill(web_, init_, 5 * kSecond);  // engines try again; the first one counts
  Tick(9 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
  Tick(10 * kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "stuck");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 100u);
  EXPECT_EQ(a.summary, "web: nginx[100] got SIGKILL 10 s ago and has not ended");
  EXPECT_EQ(a.facts["since_ns"], 10 * kSecond);
  EXPECT_EQ(a.facts["is_init"], true);
  EXPECT_THAT(a.events, SizeIs(1));
  Tick(kMinute);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(StuckRuleTest, WhoEndsIsNotStuck) {
  Kill(web_, init_, 0);
  Kill(web_, worker_, 0);
  End(init_);
  Tick(11 * kSecond);
  EXPECT_EQ(One().subject.pid, 107u);
}

TEST_F(StuckRuleTest, NobodyElseIs) {
  Kill(nullptr, engine_, 0);                 // the host's own
  Kill(web_, worker_, 0, Result::kIgnored);  // it had ended before
  Feed(MakeEvent(web_, worker_, MakeSignal(SIGTERM, Result::kDelivered, engine_), 0));
  Tick(kMinute);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(StuckRuleTest, HoweverManyAreKilled) {
  for (uint32_t i = 0; i < 100'000; ++i) Kill(web_, MakeProcess(1000 + i, 2, "x"), 0);
  Tick(kMinute);
  EXPECT_THAT(Said(), SizeIs(4096));
}

}  // namespace
}  // namespace nsobs
