#include "userspace/correlation/owner_rules.h"

#include <gtest/gtest.h>

#include <map>

namespace nsobs {
namespace {

// The cast: containers A and B of no pod, P1 and P2 of one pod, R without a cgroup of its own, D
// that is dead; the netns N and the unshare U.
constexpr OwnerId kA = 1, kB = 2, kP1 = 3, kP2 = 4, kR = 5, kD = 6, kN = 7, kU = 8;

class Cast : public OwnerLookup {
 public:
  Cast() {
    for (OwnerId id : {kA, kB, kP1, kP2, kR, kD, kN, kU}) facts_[id].id = id;
    facts_[kP1].pod_key = facts_[kP2].pod_key = "pod";
    facts_[kR].has_cgroup = false;
    facts_[kD].alive = false;
    facts_[kN].plain = facts_[kU].plain = true;
  }
  const OwnerFacts* Facts(OwnerId id) const override {
    auto it = facts_.find(id);
    return it == facts_.end() ? nullptr : &it->second;
  }

 private:
  std::map<OwnerId, OwnerFacts> facts_;
};

using Owners = std::map<NamespaceKind, OwnerList>;
constexpr NamespaceKind kMnt = NamespaceKind::kMnt, kPid = NamespaceKind::kPid,
                        kNet = NamespaceKind::kNet, kUser = NamespaceKind::kUser,
                        kIpc = NamespaceKind::kIpc;

struct Case {
  const char* what;
  OwnerId cgroup;
  Owners namespaces;
  NamespaceKind first;
  OwnerId container;
  bool entered = false;
  OwnerId from = 0;
};

const Case kCases[] = {
    // In a container's cgroup.
    {"all its own", kA, {{kMnt, {kA}}, {kPid, {kA}}, {kNet, {kA}}}, kMnt, kA},
    {"all the host's (hostNetwork, hostPID)", kA, {}, kNet, kA},
    {"a namespace of nobody's", kA, {{kNet, {}}}, kNet, kA},
    {"of its pod", kP1, {{kMnt, {kP1}}, {kNet, {kP2}}}, kNet, kP1},
    {"entered by a pod mate: not an entry", kP1, {{kMnt, {kP2}}}, kMnt, kP1},
    {"shared with another (container:web)", kB, {{kMnt, {kB}}, {kNet, {kA, kB}}}, kNet, kB},
    {"in another's mnt", kA, {{kMnt, {kB}}, {kPid, {kA}}}, kMnt, kB, true, kA},
    {"in another's net only", kA, {{kMnt, {kA}}, {kNet, {kB}}}, kMnt, kB, true, kA},
    {"in a pod's net from outside", kA, {{kNet, {kP1, kP2}}}, kNet, kP1, true, kA},
    {"mnt goes before net", kA, {{kMnt, {kB}}, {kNet, {kP1}}}, kNet, kB, true, kA},
    {"engine in a netns", kA, {{kMnt, {kA}}, {kNet, {kN}}}, kNet, kA},
    {"engine in a private mnt", kA, {{kMnt, {kU}}}, kMnt, kA},
    {"another's that is dead", kA, {{kNet, {kD}}}, kNet, kD, true, kA},
    {"the dead one's, taken over", kA, {{kNet, {kD, kA}}}, kNet, kA},
    // In the host's cgroup.
    {"the host", 0, {}, kMnt, 0},
    {"namespaces of nobody's", 0, {{kNet, {}}, {kMnt, {}}}, kNet, 0},
    {"nsenter, all", 0, {{kMnt, {kA}}, {kPid, {kA}}, {kNet, {kA}}}, kMnt, kA, true},
    {"nsenter --net", 0, {{kNet, {kA}}}, kNet, kA, true},
    {"nsenter --user", 0, {{kUser, {kA}}}, kMnt, kA, true},
    {"nsenter --ipc", 0, {{kIpc, {kA}}}, kMnt, kA, true},
    {"nsenter into a pod", 0, {{kNet, {kP1, kP2}}}, kNet, kP1, true},
    {"mnt before pid before net", 0, {{kMnt, {kB}}, {kPid, {kA}}, {kNet, {kP1}}}, kNet, kB, true},
    {"pid before net", 0, {{kPid, {kA}}, {kNet, {kP1}}}, kNet, kA, true},
    {"no cgroup of its own", 0, {{kMnt, {kR}}, {kPid, {kR}}, {kNet, {kR}}}, kNet, kR},
    {"only its mnt: entered", 0, {{kMnt, {kR}}}, kMnt, kR, true},
    {"with a cgroup, in its pid namespace: entered", 0, {{kPid, {kA}}}, kPid, kA, true},
    {"ip netns", 0, {{kNet, {kN}}}, kNet, kN},
    {"unshare", 0, {{kMnt, {kU}}, {kPid, {kU}}}, kPid, kU},
    {"plain: what matters to the event first", 0, {{kMnt, {kU}}, {kNet, {kN}}}, kNet, kN},
    {"plain: else mnt", 0, {{kMnt, {kU}}, {kNet, {kN}}}, kPid, kU},
    {"a container goes before plain ones", 0, {{kNet, {kN}}, {kMnt, {kA}}}, kNet, kA, true},
    {"a container joined a netns: not entered", 0, {{kNet, {kN, kA}}}, kNet, kN},
    {"a dead one's", 0, {{kNet, {kD}}}, kNet, kD, true},
    {"the living of two", 0, {{kNet, {kD, kA}}}, kNet, kA, true},
    {"an owner that was forgotten", 0, {{kNet, {99}}}, kNet, 0},
    {"a cgroup whose owner was forgotten", 99, {}, kNet, 0},
};

TEST(OwnerRulesTest, EveryRule) {
  const Cast cast;
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    NamespaceOwners namespaces{};
    for (const auto& [kind, owners] : c.namespaces) {
      namespaces[static_cast<size_t>(kind)] = &owners;
    }
    const Attribution whose = Attribute(c.cgroup, namespaces, c.first, cast);
    EXPECT_EQ(whose.container, c.container);
    EXPECT_EQ(whose.entered, c.entered);
    EXPECT_EQ(whose.entered_from, c.from);
  }
}

TEST(OwnerRulesTest, ThePrimaryOwner) {
  const Cast cast;
  EXPECT_EQ(PrimaryOwner({}, cast), 0u);
  EXPECT_EQ(PrimaryOwner({kA, kB}, cast), kA);
  EXPECT_EQ(PrimaryOwner({kD, kB}, cast), kB);
  EXPECT_EQ(PrimaryOwner({kD}, cast), kD);
  EXPECT_EQ(PrimaryOwner({99, kB}, cast), kB);
}

}  // namespace
}  // namespace nsobs
