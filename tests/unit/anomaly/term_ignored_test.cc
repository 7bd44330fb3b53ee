#include "userspace/anomaly/rules/term_ignored.h"

#include <csignal>

#include "tests/unit/anomaly/fixture.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Result = Signal::Result;

class TermIgnoredRuleTest : public RuleTest {
 protected:
  TermIgnoredRuleTest() { Use(MakeTermIgnoredRule(AnomalyOptions())); }

  void Send(int number, Result result, int64_t at_ns) {
    Feed(MakeEvent(web_, init_, MakeSignal(number, result, engine_), at_ns));
  }
  void End(int64_t at_ns) { Feed(MakeEvent(web_, init_, ContainerExit(), at_ns)); }
};

TEST_F(TermIgnoredRuleTest, IgnoredThenKilled) {
  Send(SIGTERM, Result::kIgnored, 0);
  Tick(5 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
  Send(SIGKILL, Result::kDelivered, 10 * kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "term_ignored");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.boot_ns, kBoot + 10 * kSecond);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 100u);
  EXPECT_EQ(a.summary,
            "web: PID 1 nginx[100] ignored SIGTERM from dockerd[50] and was killed 10.0 s later by "
            "dockerd[50]");
  ASSERT_THAT(a.events, SizeIs(2));
  EXPECT_EQ(std::get<Signal>(a.events[0].event.detail).signal, SIGTERM);
  EXPECT_EQ(std::get<Signal>(a.events[1].event.detail).signal, SIGKILL);
  EXPECT_EQ(a.facts["wasted_ns"], 10 * kSecond);
  EXPECT_EQ(a.facts["term_result"], "ignored");
  EXPECT_EQ(a.facts["term_signal"], "SIGTERM");
  EXPECT_EQ(a.facts["term_disposition"], "default");
  EXPECT_EQ(a.facts["killed"], true);
  EXPECT_EQ(a.facts["init_is_shell"], false);
  EXPECT_EQ(a.facts["term_sender"]["process"]["pid"], 50);
  EXPECT_EQ(a.facts["term_sender"]["container"], nullptr);
  EXPECT_EQ(a.facts["kill_sender"]["process"]["comm"], "dockerd");
  End(10 * kSecond);
  Tick(60 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(TermIgnoredRuleTest, HandledButDidNotEnd) {
  Send(SIGTERM, Result::kDelivered, 0);
  Send(SIGTERM, Result::kDelivered, kSecond);  // the first counts
  Send(SIGKILL, Result::kDelivered, 3 * kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.facts["term_result"], "delivered");
  EXPECT_EQ(a.facts["wasted_ns"], 3 * kSecond);
  EXPECT_THAT(a.summary, testing::HasSubstr("did not end on SIGTERM"));
}

TEST_F(TermIgnoredRuleTest, AShellIsNamedAsOne) {
  Process shell = init_;
  for (const char* args : {"/bin/sh -c sleep 1000", "bash", "/usr/bin/dash x"}) {
    shell.exe_args = args;
    Feed(MakeEvent(web_, shell, MakeSignal(SIGTERM, Result::kIgnored, engine_), 0));
    Feed(MakeEvent(web_, shell, MakeSignal(SIGKILL, Result::kDelivered, engine_), kSecond));
    EXPECT_EQ(One().facts["init_is_shell"], true) << args;
  }
}

TEST_F(TermIgnoredRuleTest, TheKillMayArriveBehindTheEnd) {
  Send(SIGTERM, Result::kIgnored, 0);
  End(10 * kSecond + kMillisecond);
  Tick(11 * kSecond);
  Send(SIGKILL, Result::kDelivered, 10 * kSecond);
  EXPECT_EQ(One().facts["wasted_ns"], 10 * kSecond);
}

TEST_F(TermIgnoredRuleTest, IgnoredAndNotKilledIsAnInfoAfterTheGrace) {
  Send(SIGTERM, Result::kIgnored, 0);
  Tick(39 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
  Tick(40 * kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.severity, Severity::kInfo);
  EXPECT_EQ(a.facts["killed"], false);
  EXPECT_EQ(a.wall_ns, kWall + 40 * kSecond);
  Tick(41 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
  Send(SIGKILL, Result::kDelivered, 60 * kSecond);  // the kill is still news
  const Anomaly killed = One();
  EXPECT_EQ(killed.severity, Severity::kWarning);
  EXPECT_NE(killed.key, a.key);
}

TEST_F(TermIgnoredRuleTest, GracefulStopsAndRestartsRaiseNothing) {
  for (int i = 0; i < 5; ++i) {
    Send(SIGTERM, Result::kDelivered, i * kMinute);
    End(i * kMinute + kSecond);
    Tick(i * kMinute + 50 * kSecond);
  }
  Send(SIGINT, Result::kIgnored, 10 * kMinute);  // ended on something else
  End(10 * kMinute + kSecond);
  Tick(11 * kMinute);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(TermIgnoredRuleTest, Decoys) {
  // Killed without having been asked.
  Send(SIGKILL, Result::kDelivered, 0);
  // Asked and killed at once: nobody waited.
  Send(SIGTERM, Result::kDelivered, kSecond);
  Send(SIGKILL, Result::kDelivered, kSecond + 100 * kMillisecond);
  // Not the init.
  Feed(MakeEvent(web_, worker_, MakeSignal(SIGTERM, Result::kIgnored, engine_), 0));
  Feed(MakeEvent(web_, worker_, MakeSignal(SIGKILL, Result::kDelivered, engine_), kSecond));
  // Not a container.
  Feed(MakeEvent(nullptr, init_, MakeSignal(SIGTERM, Result::kIgnored, engine_), 0));
  Feed(MakeEvent(nullptr, init_, MakeSignal(SIGKILL, Result::kDelivered, engine_), kSecond));
  // A reload.
  Send(SIGHUP, Result::kIgnored, 2 * kSecond);
  Send(SIGKILL, Result::kDelivered, 4 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());

  // A kill from within, which the kernel discards; and the OOM killer's.
  Send(SIGTERM, Result::kIgnored, 10 * kSecond);
  Send(SIGKILL, Result::kIgnored, 11 * kSecond);
  Signal oom = MakeSignal(SIGKILL, Result::kDelivered, worker_);
  oom.by_kernel = true;
  Feed(MakeEvent(web_, init_, oom, 12 * kSecond));
  EXPECT_THAT(Said(), IsEmpty());
  // The next life of the container isn't killed for the last one's stop.
  const Process next = MakeProcess(101, 1, "nginx");
  auto again = std::make_shared<Container>(*web_);
  again->init = next.key();
  Feed(MakeEvent(again, next, MakeSignal(SIGKILL, Result::kDelivered, engine_), 13 * kSecond));
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(TermIgnoredRuleTest, AKillLongAfterIsNoneOfTheStop) {
  Send(SIGTERM, Result::kDelivered, 0);
  Tick(11 * kMinute);
  Send(SIGKILL, Result::kDelivered, 11 * kMinute);
  EXPECT_THAT(Said(), IsEmpty());
}

}  // namespace
}  // namespace nsobs
