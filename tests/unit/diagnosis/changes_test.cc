// What changed since the container became ready, as evidence.
#include "userspace/diagnosis/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/diagnosis/scenarios.h"
#include "userspace/diagnosis/diagnosis.h"

namespace nsobs {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Sources(const Finding& finding) {
  std::vector<std::string> out;
  for (const Evidence& e : finding.evidence) out.push_back(e.source);
  return out;
}

Finding FirstOf(std::string_view scenario) {
  const std::vector<Finding> findings = Diagnose(ScenarioNamed(scenario).record);
  EXPECT_FALSE(findings.empty()) << scenario;
  return findings.empty() ? Finding() : findings[0];
}

TEST(ChangesTest, SinceWhenAndWhoCameIn) {
  const Finding f = FirstOf("no route: it was there, and somebody came in");
  EXPECT_THAT(
      f.summary,
      EndsWith("; since 14:02:01 UTC, when it had become ready: route default via 10.88.0.1 "
               "dev eth0 is gone; nsenter (pid 815) of the host came into its net "
               "namespace at 14:02:11 UTC (nsenter -t 77 -n ip route del default)"));
  EXPECT_THAT(Sources(f), testing::IsSupersetOf(
                              {"/changes/rows/1", "/changes/baseline", "/changes/entries/0"}));
  EXPECT_THAT(Sources(f), Not(Contains("/changes/rows/0"))) << "a route to elsewhere";
}

TEST(ChangesTest, TheDayIfItIsAnother) {
  const Finding f = FirstOf(
      "no route: it was there the day before, nobody came into the net "
      "namespace");
  EXPECT_THAT(f.summary,
              EndsWith("; since 2026-11-25 14:02:01 UTC, when it had become ready: route "
                       "default via 10.88.0.1 dev eth0 is gone"));
}

TEST(ChangesTest, WhatExplainsNothingIsNotSaid) {
  for (const char* name :
       {"no route: what changed is another way", "no route: compared, and nothing changed"}) {
    const Finding f = FirstOf(name);
    EXPECT_THAT(f.summary, Not(HasSubstr("since"))) << name;
    EXPECT_THAT(Sources(f), Not(Contains(HasSubstr("/changes")))) << name;
  }
}

TEST(ChangesTest, AListenerThatIsGoneAndAnExecByTheEngine) {
  const Finding f = FirstOf("loopback: what listened there is gone");
  EXPECT_THAT(f.summary,
              HasSubstr("listener tcp 0.0.0.0:5432 is gone; runc (pid 817) of the host"));
}

// Other cases, on the rows alone.
TEST(ChangesTest, EachFamilyHasItsRows) {
  struct Case {
    const char* case_id;
    const char* row;
    bool told;
  };
  const Case cases[] = {
      {"net-link-down", R"({"what": "changed", "path": "/net/links/eth0",
                            "after": {"up": false}})",
       true},
      {"net-link-down", R"({"what": "changed", "path": "/net/links/eth0",
                            "after": {"mtu": 1400}})",
       false},
      {"net-no-route", R"({"what": "added", "path": "/net/routes/x",
                           "after": {"destination": "203.0.113.0/24", "type": "prohibit"}})",
       true},
      {"net-no-route", R"({"what": "added", "path": "/net/routes/x",
                           "after": {"destination": "203.0.113.0/24", "type": "unicast"}})",
       false},
      {"net-no-route", R"({"what": "removed", "path": "/net/routes/x",
                           "before": {"destination": "default", "family": "inet6"}})",
       false},
      {"net-policy-drop", R"({"what": "added", "path": "/net/netfilter/rules/inet f output 3"})",
       true},
      {"net-policy-drop", R"({"what": "removed", "path": "/net/netfilter/rules/inet f output 3"})",
       false},
      {"net-dns", R"({"what": "changed", "path": "/net/resolv_conf/nameservers"})", true},
      {"net-dns", R"({"what": "changed", "path": "/net/resolv_config"})", false},
      {"oom-container", R"({"what": "changed", "path": "/cgroup/memory/limit_bytes"})", true},
      {"pressure", R"({"what": "changed", "path": "/cgroup/cpu/quota"})", true},
      {"ns-entry", R"({"what": "changed", "path": "/net/resolv_conf/nameservers"})", false},
  };
  for (const Case& c : cases) {
    nlohmann::ordered_json json = ScenarioNamed("no route: no default route").record;
    json["changes"] = {{"baseline", {{"time", "junk"}}}, {"rows", nlohmann::ordered_json::array()}};
    json["changes"]["rows"].push_back(nlohmann::ordered_json::parse(c.row));
    json["changes"]["rows"][0]["text"] = "it changed";
    Finding finding;
    finding.case_id = c.case_id;
    AddChanges(Record(json), &finding);
    EXPECT_EQ(finding.summary, c.told ? "; since an unknown time, when it had become ready: it "
                                        "changed"
                                      : "")
        << c.case_id << " " << c.row;
  }
}

TEST(ChangesTest, AMountThatHeldThePath) {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(R"({
      "trigger": {"rule": "file_failure", "events": [{"kind": "file_failure",
        "file_failure": {"operation": "open", "path": "/data/db/x", "errno_name": "EROFS"}}]},
      "changes": {"baseline": {"time": "2026-11-26T14:02:01.5Z"}, "rows": [
        {"what": "removed", "path": "/mnt/mounts//cache", "before": {"mount_point": "/cache"},
         "text": "mount /cache (tmpfs) is gone"},
        {"what": "changed", "path": "/mnt/mounts//data", "before": {"options": ["rw"]},
         "after": {"options": ["ro"]}, "text": "mount /data (ext4) has options ro, was rw"}]}})");
  Finding finding;
  finding.case_id = "mnt-read-only";
  AddChanges(Record(json), &finding);
  EXPECT_THAT(finding.summary, EndsWith("mount /data (ext4) has options ro, was rw"));
  EXPECT_THAT(Sources(finding), testing::ElementsAre("/changes/rows/1", "/changes/baseline"));
}

}  // namespace
}  // namespace nsobs
