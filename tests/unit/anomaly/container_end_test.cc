#include "userspace/anomaly/rules/container_end.h"

#include <csignal>

#include "tests/unit/anomaly/fixture.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Result = Signal::Result;

class ContainerEndRuleTest : public RuleTest {
 protected:
  ContainerEndRuleTest() { Use(MakeContainerEndRule(AnomalyOptions())); }

  void Send(int number, Result result, int64_t at_ns) {
    Feed(MakeEvent(web_, init_, MakeSignal(number, result, engine_), at_ns));
  }
  void Oom(const Process& victim, int64_t at_ns, OomKill::Reason reason) {
    OomKill kill;
    kill.reason = reason;
    kill.limit_bytes = 64 << 20;
    kill.usage_bytes = 63 << 20;
    kill.cgroup_path = "/docker/web-id";
    Feed(MakeEvent(web_, victim, kill, at_ns));
  }
  void KernelKill(const Process& target, const Process& sender, int64_t at_ns) {
    Signal kill = MakeSignal(SIGKILL, Result::kDelivered, sender);
    kill.by_kernel = true;
    Feed(MakeEvent(web_, target, kill, at_ns));
  }
  void End(int exit_code, int signal, int64_t at_ns) {
    ContainerExit exit;
    exit.exit_code = exit_code;
    exit.signal = signal;
    exit.lifetime_ns = 90 * kSecond;
    exit.cause = signal != 0 ? "signal" : "exited";
    Feed(MakeEvent(web_, init_, exit, at_ns));
  }
  // The certificate, which comes when all that belongs to it has arrived.
  Anomaly Certificate(int64_t end_ns) {
    Tick(end_ns + 400 * kMillisecond);
    EXPECT_THAT(Said(), IsEmpty());
    Tick(end_ns + 500 * kMillisecond);
    return One();
  }
};

TEST_F(ContainerEndRuleTest, DoneAndSucceeded) {
  End(0, 0, kSecond);
  const Anomaly a = Certificate(kSecond);
  EXPECT_EQ(a.rule, "container_end");
  EXPECT_EQ(a.severity, Severity::kInfo);
  EXPECT_EQ(a.boot_ns, kBoot + kSecond);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 100u);
  EXPECT_EQ(a.summary, "web ended: exit code 0");
  EXPECT_THAT(a.events, SizeIs(1));
  EXPECT_EQ(a.facts.dump(),
            R"({"exit_code":0,"signal":null,"signal_name":null,"lifetime_ns":90000000000,)"
            R"("sender":null,"sent_by_kernel":false,"stop":null,"oom":false,"oom_kill":null,)"
            R"("init_first":false,"killed_with_it":0})");
  EXPECT_EQ(a.key, "container_end|docker/web-id|100|1000");
}

TEST_F(ContainerEndRuleTest, FailedByItself) {
  End(3, 0, 0);
  const Anomaly a = Certificate(0);
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.facts["exit_code"], 3);
  EXPECT_EQ(a.facts["sender"], nullptr);
}

TEST_F(ContainerEndRuleTest, CommandsInNamespacesOfTheirOwnMayFail) {
  auto plain = std::make_shared<Container>(*web_);
  plain->runtime = "unshare";
  Feed(MakeEvent(plain, init_, ContainerExit{1, 0, 1, "exited"}, 0));
  EXPECT_EQ(Certificate(0).severity, Severity::kInfo);
  Feed(MakeEvent(plain, init_, ContainerExit{0, SIGSEGV, 1, "signal"}, 0));
  EXPECT_EQ(Certificate(0).severity, Severity::kWarning);
}

TEST_F(ContainerEndRuleTest, StoppedAsAskedToIsAnInfoWhateverTheCode) {
  for (const auto& [code, signal] : {std::pair{0, 0}, {143, 0}, {1, 0}, {0, SIGTERM}}) {
    Send(SIGTERM, Result::kDelivered, 0);
    End(code, signal, 2 * kSecond);
    const Anomaly a = Certificate(2 * kSecond);
    EXPECT_EQ(a.severity, Severity::kInfo) << code << signal;
    EXPECT_EQ(a.facts["stop"]["signal"], "SIGTERM");
    EXPECT_EQ(a.facts["stop"]["result"], "delivered");
    EXPECT_EQ(a.facts["stop"]["sent_ns_before"], 2 * kSecond);
    EXPECT_EQ(a.facts["sender"]["process"]["pid"], 50);
    EXPECT_EQ(a.facts["sender"]["container"], nullptr);
    EXPECT_THAT(a.events, SizeIs(2));
  }
}

TEST_F(ContainerEndRuleTest, KilledAndByWhom) {
  ObservedEvent kill =
      MakeEvent(web_, init_, MakeSignal(SIGKILL, Result::kDelivered, worker_), kSecond);
  kill.peer = db_;
  Send(SIGTERM, Result::kIgnored, 0);
  Feed(kill);
  End(0, SIGKILL, kSecond + kMillisecond);
  const Anomaly a = Certificate(kSecond + kMillisecond);
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.facts["signal"], SIGKILL);
  EXPECT_EQ(a.facts["signal_name"], "SIGKILL");
  EXPECT_EQ(a.facts["exit_code"], nullptr);
  EXPECT_EQ(a.facts["sender"]["process"]["comm"], "worker");
  EXPECT_EQ(a.facts["sender"]["container"]["name"], "db");
  EXPECT_EQ(a.facts["stop"]["result"], "ignored");
  EXPECT_EQ(a.facts["oom"], false);
  EXPECT_EQ(a.summary, "web ended: killed by SIGKILL from worker[107] of db");
  EXPECT_THAT(a.events, SizeIs(3));
}

TEST_F(ContainerEndRuleTest, TheSignalMayArriveBehindTheEnd) {
  End(0, SIGKILL, kSecond);
  Send(SIGKILL, Result::kDelivered, kSecond - kMillisecond);
  EXPECT_EQ(Certificate(kSecond).facts["sender"]["process"]["pid"], 50);
}

TEST_F(ContainerEndRuleTest, SignalsThatDoNotFit) {
  Send(SIGKILL, Result::kDelivered, 0);  // longer ago than a kill takes
  Send(SIGSEGV, Result::kDelivered, 39 * kSecond);
  Send(SIGKILL, Result::kPending, 39 * kSecond);
  Feed(MakeEvent(web_, worker_, MakeSignal(SIGKILL, Result::kDelivered, engine_), 39 * kSecond));
  Feed(MakeEvent(db_, init_, MakeSignal(SIGKILL, Result::kDelivered, engine_), 39 * kSecond));
  End(0, SIGKILL, 40 * kSecond);
  const Anomaly a = Certificate(40 * kSecond);
  EXPECT_EQ(a.facts["sender"], nullptr);
  EXPECT_EQ(a.facts["stop"], nullptr);
  EXPECT_THAT(a.events, SizeIs(1));
}

TEST_F(ContainerEndRuleTest, OutOfMemory) {
  for (const OomKill::Reason reason :
       {OomKill::Reason::kCgroup, OomKill::Reason::kAncestor, OomKill::Reason::kHost}) {
    Oom(init_, 0, reason);
    KernelKill(init_, worker_, kMillisecond);
    End(0, SIGKILL, kSecond);
    const Anomaly a = Certificate(kSecond);
    EXPECT_EQ(a.severity, Severity::kWarning);
    EXPECT_EQ(a.facts["oom"], true);
    EXPECT_EQ(a.facts["oom_kill"]["reason"], Name(reason));
    EXPECT_EQ(a.facts["oom_kill"]["limit_bytes"], 64 << 20);
    EXPECT_EQ(a.facts["oom_kill"]["cgroup"], "/docker/web-id");
    EXPECT_EQ(a.facts["sent_by_kernel"], true);
    EXPECT_EQ(a.facts["sender"], nullptr);
    EXPECT_THAT(a.summary, HasSubstr("killed for lack of memory ("));
    EXPECT_THAT(a.events, SizeIs(3));
  }
}

TEST_F(ContainerEndRuleTest, AnOldOomOfAChildIsNotTheCauseOfALaterStop) {
  Oom(worker_, 0, OomKill::Reason::kCgroup);
  Send(SIGKILL, Result::kDelivered, kSecond);
  End(0, SIGKILL, kSecond + 1);
  EXPECT_EQ(Certificate(kSecond + 1).facts["oom"], false);

  // Nor the init's, if it ended otherwise or long after.
  Oom(init_, 10 * kSecond, OomKill::Reason::kCgroup);
  Send(SIGTERM, Result::kDelivered, 11 * kSecond);
  End(143, 0, 12 * kSecond);
  EXPECT_EQ(Certificate(12 * kSecond).facts["oom"], false);
  End(0, SIGKILL, 50 * kSecond);
  EXPECT_EQ(Certificate(50 * kSecond).facts["oom"], false);
}

TEST_F(ContainerEndRuleTest, WhatElseDiedOfIt) {
  // The trigger of an earlier OOM kill was the init itself: not of its end.
  KernelKill(MakeProcess(105, 5, "job"), init_, 0);
  KernelKill(MakeProcess(106, 6, "job"), init_,
             kSecond + 2);  // before the end arrives, but after it
  End(1, 0, kSecond);
  KernelKill(worker_, init_, kSecond + 3);
  KernelKill(MakeProcess(108, 8, "job"), MakeProcess(300, 1, "other"), kSecond + 4);
  const Anomaly a = Certificate(kSecond);
  EXPECT_EQ(a.facts["init_first"], true);
  EXPECT_EQ(a.facts["killed_with_it"], 2);
  EXPECT_THAT(a.summary, HasSubstr("its PID 1 ended first and took 2 processes with it"));
}

TEST_F(ContainerEndRuleTest, EachEndHasItsOwnKey) {
  End(1, 0, 0);
  const std::string key = Certificate(0).key;
  const Process next = MakeProcess(101, 1, "nginx");
  Feed(MakeEvent(web_, next, ContainerExit{1, 0, 1, "exited"}, kSecond));
  EXPECT_NE(Certificate(kSecond).key, key);
}

TEST_F(ContainerEndRuleTest, TooManyAtOnceAreToldEarlierNotLost) {
  for (int i = 0; i < 1500; ++i) End(1, 0, 0);
  Tick(kSecond);
  EXPECT_THAT(Said(), SizeIs(1500));
}

TEST_F(ContainerEndRuleTest, OtherEventsSayNothing) {
  Feed(MakeEvent(web_, worker_, ProcessExit{1, SIGSEGV, false, 5}, 0));
  Feed(MakeEvent(web_, init_, ContainerStart(), 0));
  Feed(MakeEvent(nullptr, init_, ContainerExit(), 0));
  Tick(kMinute);
  EXPECT_THAT(Said(), IsEmpty());
}

}  // namespace
}  // namespace nsobs
