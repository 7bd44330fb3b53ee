#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/snapshot/request.h"

namespace nsobs {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

Anomaly Connect(Protocol protocol, const std::string& path) {
  ObservedEvent event;
  ConnectFailure failure;
  failure.protocol = protocol;
  failure.path = path;
  event.event.kind = EventKind::kConnectFailure;
  event.event.detail = failure;
  return {.rule = "connect_failure", .events = {event}};
}

TEST(Plan, AConnectNeedsTheNetworkOnBothSides) {
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp})
    EXPECT_THAT(PlanSections(Connect(protocol, "")),
                ElementsAre(Section::kNet, Section::kHostNet, Section::kPeerNets, Section::kPid,
                            Section::kUser));
}

TEST(Plan, AUnixPathBelongsToTheMountNamespaceAndAnAbstractNameToTheNetwork) {
  EXPECT_THAT(PlanSections(Connect(Protocol::kUnixStream, "/run/x")),
              ElementsAre(Section::kPid, Section::kUser, Section::kMnt));
  EXPECT_THAT(PlanSections(Connect(Protocol::kUnixDgram, "@x")), Contains(Section::kNet));
  EXPECT_THAT(PlanSections(Connect(Protocol::kUnixDgram, "@x")), Not(Contains(Section::kMnt)));
}

TEST(Plan, AConnectWithoutItsEventIsTakenForTheNetworks) {
  EXPECT_THAT(PlanSections({.rule = "connect_failure"}), Contains(Section::kNet));
}

TEST(Plan, OnlyWhatMatters) {
  for (const char* rule :
       {"term_ignored", "crash", "sigkill_by_other", "stuck", "zombies", "namespace_leak"})
    EXPECT_THAT(PlanSections({.rule = rule}), ElementsAre(Section::kPid)) << rule;
  for (const char* rule : {"oom_kill", "pressure"})
    EXPECT_THAT(PlanSections({.rule = rule}), ElementsAre(Section::kCgroup, Section::kPid)) << rule;
  for (const char* rule : {"bind_failure", "packet_drop", "dns_failure"})
    EXPECT_THAT(PlanSections({.rule = rule}),
                ElementsAre(Section::kNet, Section::kHostNet, Section::kPeerNets, Section::kPid))
        << rule;
  EXPECT_THAT(PlanSections({.rule = "file_failure"}),
              ElementsAre(Section::kPid, Section::kUser, Section::kCgroup, Section::kMnt));
  EXPECT_THAT(PlanSections({.rule = "container_end"}), IsEmpty());  // nobody is left to look at
  EXPECT_THAT(PlanSections({.rule = "namespace_entry"}),
              ElementsAre(Section::kPid, Section::kUser));
}

TEST(Plan, OfAContainerThatEndedNobodyIsLeft) {
  EXPECT_THAT(PlanSections({.rule = "container_end"}), IsEmpty());
}

TEST(Plan, ByHandIsEverythingAndTheFilesLast) {
  const std::vector<Section> all = PlanSections({});
  EXPECT_EQ(all.size(), 10U);
  EXPECT_EQ(all.back(), Section::kMnt);
}

}  // namespace
}  // namespace nsobs
