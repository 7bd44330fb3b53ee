// Name servers that are silent or say no.
#include "userspace/anomaly/rules/dns_failure.h"

#include <sys/socket.h>

#include "tests/unit/anomaly/fixture.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Outcome = DnsFailure::Outcome;

DnsFailure Dns(Outcome outcome, const std::string& name = "db.example",
               const std::string& server = "10.0.0.53") {
  DnsFailure f;
  f.outcome = outcome;
  f.family = AF_INET;
  f.server = server;
  f.port = 53;
  f.name = name;
  f.name_whole = true;
  return f;
}

class DnsFailureRuleTest : public RuleTest {
 protected:
  DnsFailureRuleTest() { Use(MakeDnsFailureRule(AnomalyOptions())); }
  void Fail(const ContainerRef& container, const DnsFailure& f, int64_t at_ns = kSecond) {
    Feed(MakeEvent(container, worker_, f, at_ns));
  }
};

TEST_F(DnsFailureRuleTest, TheFirstOfAServer) {
  Fail(web_, Dns(Outcome::kNoAnswer));
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "dns_failure");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.container, web_);
  EXPECT_TRUE(a.summary.starts_with("web: name server 10.0.0.53:53 does not answer for db.example"))
      << a.summary;
  EXPECT_EQ(a.key, "dns_failure|docker/web-id|10.0.0.53|53|no_answer");
  EXPECT_EQ(a.facts["outcome"], "no_answer");
  EXPECT_EQ(a.facts["server"], "10.0.0.53");
  Fail(web_, Dns(Outcome::kNoAnswer, "other.example"));
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(DnsFailureRuleTest, FirstIsByServerAndOutcome) {
  for (const Outcome outcome : {Outcome::kNoAnswer, Outcome::kServfail, Outcome::kRefused}) {
    for (const char* server : {"10.0.0.53", "fd00::53"}) {
      Fail(web_, Dns(outcome, "db.example", server));
      EXPECT_EQ(One().severity, Severity::kWarning);
    }
  }
  Fail(db_, Dns(Outcome::kServfail));
  EXPECT_THAT(Said(), SizeIs(1));
}

TEST_F(DnsFailureRuleTest, ABurstIsToldAgain) {
  for (int i = 0; i < 19; ++i) Fail(web_, Dns(Outcome::kServfail));
  EXPECT_THAT(Said(), SizeIs(1));
  Fail(web_, Dns(Outcome::kServfail));
  EXPECT_EQ(One().facts["failures_in_window"], 20);
}

// A program that is ended while it waits says nothing of the server.
TEST_F(DnsFailureRuleTest, GivenUpOnceIsNothing) {
  DnsFailure f = Dns(Outcome::kNoAnswer);
  f.given_up = true;
  Fail(web_, f);
  EXPECT_THAT(Said(), IsEmpty());
  Fail(web_, f, 100 * kSecond);  // much later
  EXPECT_THAT(Said(), IsEmpty());
  Fail(web_, f, 110 * kSecond);
  EXPECT_EQ(One().severity, Severity::kWarning);
}

TEST_F(DnsFailureRuleTest, MinorOrNothing) {
  for (const char* name : {"1.0.0.10.in-addr.arpa", "1.0.ip6.arpa"}) {
    Fail(web_, Dns(Outcome::kServfail, name));
    Fail(web_, Dns(Outcome::kRefused, name));
  }
  Fail(nullptr, Dns(Outcome::kNoAnswer));
  EXPECT_THAT(Said(), IsEmpty());
  for (int i = 1; i < 20; ++i) Fail(nullptr, Dns(Outcome::kNoAnswer));
  EXPECT_EQ(One().severity, Severity::kInfo);
}

}  // namespace
}  // namespace nsobs
