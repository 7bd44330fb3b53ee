#include "userspace/anomaly/rules/connect_failure.h"

#include <sys/socket.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "tests/unit/anomaly/fixture.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

ConnectFailure Tcp(const std::string& destination, uint16_t port, int error) {
  ConnectFailure f;
  f.family = destination.find(':') == std::string::npos ? AF_INET : AF_INET6;
  f.destination = destination;
  f.port = port;
  f.error = error;
  return f;
}

ConnectFailure Udp(const std::string& destination, uint16_t port, int error) {
  ConnectFailure f = Tcp(destination, port, error);
  f.protocol = Protocol::kUdp;
  return f;
}

ConnectFailure Unix(const std::string& path, int error) {
  ConnectFailure f;
  f.protocol = Protocol::kUnixStream;
  f.family = AF_UNIX;
  f.path = path;
  f.error = error;
  return f;
}

class ConnectFailureRuleTest : public RuleTest {
 protected:
  ConnectFailureRuleTest() { Use(MakeConnectFailureRule(AnomalyOptions())); }

  void Fail(const ContainerRef& container, const ConnectFailure& f, int64_t at_ns,
            uint64_t count = 1) {
    ObservedEvent event = MakeEvent(container, worker_, f, at_ns);
    event.count = count;
    Feed(event);
  }
};

TEST_F(ConnectFailureRuleTest, TheFirstFailureToADestination) {
  Fail(web_, Tcp("10.0.0.7", 5432, ECONNREFUSED), kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "connect_failure");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.boot_ns, kBoot + kSecond);
  EXPECT_EQ(a.wall_ns, kWall + kSecond);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 107u);
  EXPECT_EQ(a.summary, "web: worker[107] can't connect to tcp 10.0.0.7:5432: ECONNREFUSED");
  EXPECT_THAT(a.events, SizeIs(1));
  EXPECT_EQ(a.facts.dump(),
            R"({"first":true,"failures_in_window":1,"window_ns":10000000000,"protocol":"tcp",)"
            R"("destination":"10.0.0.7","port":5432,"path":"","errno":111,)"
            R"("errno_name":"ECONNREFUSED","has_fallback":false})");
  EXPECT_EQ(a.key, "connect_failure|docker/web-id|tcp|10.0.0.7|5432||111");
}

TEST_F(ConnectFailureRuleTest, FirstIsByContainerProtocolDestinationAndErrno) {
  const ConnectFailure failures[] = {
      Tcp("10.0.0.7", 80, ECONNREFUSED), Tcp("10.0.0.8", 80, ECONNREFUSED),
      Tcp("10.0.0.7", 81, ECONNREFUSED), Tcp("10.0.0.7", 80, ETIMEDOUT),
      Udp("10.0.0.7", 80, ECONNREFUSED), Unix("/run/app.sock", ENOENT),
      Unix("/run/b.sock", ENOENT),       Tcp("::ffff:10.0.0.7", 80, ENETUNREACH),
  };
  for (const ContainerRef& container : {web_, db_}) {
    for (const ConnectFailure& f : failures) {
      Fail(container, f, kSecond);
      EXPECT_THAT(Said(), SizeIs(1)) << f.destination << f.path;
      Fail(container, f, kSecond);
      EXPECT_THAT(Said(), IsEmpty()) << f.destination << f.path;
    }
  }
}

TEST_F(ConnectFailureRuleTest, ABurstOfAKnownOne) {
  for (int i = 0; i < 19; ++i)
    Fail(web_, Tcp("10.0.0.7", 80, ECONNREFUSED), i * 100 * kMillisecond);
  EXPECT_THAT(Said(), SizeIs(1));  // the first
  Fail(web_, Tcp("10.0.0.7", 80, ECONNREFUSED), 2 * kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.facts["first"], false);
  EXPECT_EQ(a.facts["failures_in_window"], 20);
  EXPECT_THAT(a.events, SizeIs(16));
  EXPECT_LT(a.events.front().event.boot_ns, a.events.back().event.boot_ns);
  EXPECT_EQ(a.events.back().event.boot_ns, kBoot + 2 * kSecond);
  Fail(web_, Tcp("10.0.0.7", 80, ECONNREFUSED), 2 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());  // the next twenty are the next burst
}

TEST_F(ConnectFailureRuleTest, ARunOfEqualFailuresIsABurst) {
  Fail(web_, Tcp("10.0.0.7", 80, ECONNREFUSED), 0);
  Said();
  Fail(web_, Tcp("10.0.0.7", 80, ECONNREFUSED), kSecond, /*count=*/5000);
  EXPECT_EQ(One().facts["failures_in_window"], 5001);
}

TEST_F(ConnectFailureRuleTest, SlowRepetitionIsNone) {
  for (int i = 0; i < 200; ++i) Fail(web_, Tcp("10.0.0.7", 80, ECONNREFUSED), i * kSecond);
  EXPECT_THAT(Said(), SizeIs(1));
}

TEST_F(ConnectFailureRuleTest, NameServersAreMarked) {
  Fail(web_, Udp("127.0.0.53", 53, ECONNREFUSED), 0);
  EXPECT_EQ(One().facts["dns"], true);
  Fail(web_, Udp("10.0.0.53", 53, ENETUNREACH), 0);
  EXPECT_EQ(One().severity, Severity::kWarning);
}

TEST_F(ConnectFailureRuleTest, OfTheHostOnlyBurstsAndAsInfo) {
  Fail(nullptr, Unix("/run/podman/podman.sock", ENOENT), 0);
  EXPECT_THAT(Said(), IsEmpty());
  Fail(nullptr, Unix("/run/podman/podman.sock", ENOENT), 0, 30);
  const Anomaly a = One();
  EXPECT_EQ(a.severity, Severity::kInfo);
  EXPECT_EQ(a.container, nullptr);
}

TEST_F(ConnectFailureRuleTest, HealthyProgramsRaiseNothing) {
  ConnectFailure abandoned = Tcp("10.0.0.7", 80, ECANCELED);
  abandoned.phase = ConnectFailure::Phase::kAbandoned;
  ConnectFailure cut = Tcp("10.0.0.7", 80, ETIMEDOUT);
  cut.phase = ConnectFailure::Phase::kAbandoned;
  const ConnectFailure decoys[] = {
      abandoned,
      cut,
      Tcp("10.0.0.7", 80, EINTR),
      Tcp("10.0.0.7", 80, EALREADY),
      Tcp("10.0.0.7", 80, EISCONN),
      Tcp("10.0.0.7", 80, EINPROGRESS),
      Tcp("::1", 8080, ECONNREFUSED),        // localhost, IPv6 first
      Tcp("2001:db8::1", 443, ENETUNREACH),  // a host without IPv6
      Udp("2001:db8::1", 443, ENETUNREACH),  // getaddrinfo sorts addresses
      Udp("192.0.2.1", 443, ENETUNREACH),    // the same the other way round
      Unix("/var/run/nscd/socket", ENOENT),  // the C library of every program
      Unix("/dev/log", ENOENT),
      Unix("/run/systemd/userdb/io.systemd.DynamicUser", ENOENT),
  };
  for (const ConnectFailure& f : decoys) {
    Fail(web_, f, 0);
    EXPECT_THAT(Said(), IsEmpty()) << f.destination << f.path << f.error;
  }
}

TEST_F(ConnectFailureRuleTest, WhatHasAFallbackIsNeverMoreThanAnInfo) {
  for (const ConnectFailure& f :
       {Tcp("::1", 8080, ECONNREFUSED), Tcp("2001:db8::1", 443, ENETUNREACH)}) {
    Fail(web_, f, 0, 1000);
    const Anomaly a = One();
    EXPECT_EQ(a.severity, Severity::kInfo);
    EXPECT_EQ(a.facts["has_fallback"], true);
  }
  // Neither of these is a fallback's.
  Fail(web_, Tcp("2001:db8::1", 443, ECONNREFUSED), 0);
  EXPECT_EQ(One().severity, Severity::kWarning);
  Fail(web_, Tcp("127.0.0.1", 8080, ECONNREFUSED), 0);
  EXPECT_EQ(One().severity, Severity::kWarning);
}

TEST_F(ConnectFailureRuleTest, TheEldestDestinationIsForgotten) {
  for (int i = 0; i < 4096; ++i) Fail(web_, Tcp(absl::StrCat("d", i), 80, ECONNREFUSED), 0);
  EXPECT_THAT(Said(), SizeIs(4096));
  Fail(web_, Tcp("d0", 80, ECONNREFUSED), 0);  // touched
  Fail(web_, Tcp("one more", 80, ECONNREFUSED), 0);
  EXPECT_THAT(Said(), SizeIs(1));
  Fail(web_, Tcp("d0", 80, ECONNREFUSED), 0);
  EXPECT_THAT(Said(), IsEmpty());
  Fail(web_, Tcp("d1", 80, ECONNREFUSED), 0);
  EXPECT_EQ(One().facts["first"], true);
}

TEST_F(ConnectFailureRuleTest, HostileBytes) {
  Fail(web_, Unix("/a\xff\x1b[31m", ENOENT), 0);
  EXPECT_EQ(One().facts["path"], "/a\xEF\xBF\xBD\x1b[31m");  // the ways out escape the rest
}

}  // namespace
}  // namespace nsobs
