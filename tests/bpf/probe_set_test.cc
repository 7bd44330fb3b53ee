// The set of programs as a whole: what it says of itself, and what is left when hooks are off.
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "userspace/collector/missing_call.h"
#include "userspace/collector/program_table.h"

namespace nsobs {
namespace {

TEST(ProbeSet, SelfTestPasses) {
  EXPECT_TRUE(Probes::Shared().set().SelfTest().ok());
  std::thread([] { EXPECT_TRUE(Probes::Shared().set().SelfTest().ok()); }).join();
}

TEST(ProbeSet, EveryProgramIsAttached) {
  const auto& states = Probes::Shared().set().states();
  ASSERT_EQ(states.size(), ProgramTable().size());
  for (const ProbeState& state : states) {
    const std::string missing = WhyNoCall(ProgramTable()[&state - states.data()].hook);
    EXPECT_EQ(state.reason, missing) << state.source;
    EXPECT_EQ(state.attached, missing.empty()) << state.source;
    if (!missing.empty()) continue;
    EXPECT_NE(state.hook, "off");
    EXPECT_NE(state.cost, "");
  }
  EXPECT_EQ(Probes::Shared().set().costs().size(), states.size());
}

// Two connects by the namespace's one local port: the second finds none.
int ConnectWithoutPort(Line&) {
  uint16_t port = 0;
  UniqueFd listener = Listen("127.0.0.1", &port);
  UniqueFd range(open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC));
  if (write(range.get(), "50000 50000", 11) != 11) return 1;
  const Address to = MakeAddress("127.0.0.1", port);
  UniqueFd first(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  UniqueFd second(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(first.get(), to.get(), to.size) != 0) return 2;
  return connect(second.get(), to.get(), to.size) == -1 && errno == EADDRNOTAVAIL ? 0 : 3;
}

bool IsOfFiles(ProgramGroup group) {
  return group == ProgramGroup::kFiles || group == ProgramGroup::kFileWrites;
}

bool CostsNobodyElse(std::string_view hook) {
  for (const std::string_view kind : {"fentry/", "fexit/", "kprobe/", "kretprobe/"}) {
    if (hook.starts_with(kind)) return true;
  }
  return false;
}

TEST(ProbeSet, FilesWhereTheyAreFree) {
  Probes probes({.files = true, .files_where_free = true}, TestSettings());
  for (size_t i = 0; i < ProgramTable().size(); ++i) {
    const ProgramRow& row = ProgramTable()[i];
    const ProbeState& state = probes.set().states()[i];
    if (!IsOfFiles(row.group)) continue;
    EXPECT_EQ(state.attached, state.hook.starts_with("fexit/")) << state.source;
    EXPECT_EQ(state.attached, state.reason.empty()) << state.source;
    const bool writes = row.group == ProgramGroup::kFileWrites;
    EXPECT_FALSE(writes && state.attached) << "each write would pay";
    EXPECT_TRUE(state.attached || !WhyNoCall(row.hook).empty() ||
                state.reason.starts_with("--probes.files=auto"))
        << state.reason;
  }
}

class SwitchedOffTest : public ::testing::TestWithParam<bool> {};

TEST_P(SwitchedOffTest, SaysSoAndStillSeesTcp) {
  const bool io_uring = GetParam();
  Probes probes({.syscall_hooks = false, .io_uring_hook = io_uring}, TestSettings());
  probes.StartDraining();
  bool permitted = false;  // hooks of functions, which this switch doesn't take
  for (size_t i = 0; i < ProgramTable().size(); ++i) {
    const ProgramGroup group = ProgramTable()[i].group;
    const bool files = IsOfFiles(group);
    const ProbeState& state = probes.set().states()[i];
    const bool costs_nobody = CostsNobodyElse(state.hook);
    const bool off = (group == ProgramGroup::kSyscallHooks && !costs_nobody) || files ||
                     (group == ProgramGroup::kIoUring && !io_uring);
    permitted |= costs_nobody && group == ProgramGroup::kSyscallHooks;
    EXPECT_EQ(state.attached, !off) << state.source;
    EXPECT_THAT(state.reason, ::testing::StartsWith(files ? "--probes.files=off"
                                                    : off ? "switched off by the configuration"
                                                          : ""));
    EXPECT_EQ(state.reason.empty(), !off);
    EXPECT_EQ(state.hook == "off", off);
  }
  Cgroup cgroup(Hierarchy::kUnified);
  Child refused({.place = Place::kOwn, .cgroup = &cgroup}, [](Line&) {
    return Connect(MakePlan("127.0.0.1", 1)).error == ECONNREFUSED ? 0 : 1;
  });
  refused.Run();
  EXPECT_EQ(probes.Of(EventKind::kConnectFailure, refused.facts()).size(), 1u);

  Cgroup port_cgroup(Hierarchy::kUnified);
  Child without_port({.place = Place::kOwn, .cgroup = &port_cgroup}, ConnectWithoutPort);
  without_port.Run();
  const auto events = probes.Of(EventKind::kConnectFailure, without_port.facts());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<ConnectFailure>(events[0].detail).error, EADDRNOTAVAIL);
  EXPECT_EQ(std::get<ConnectFailure>(events[0].detail).destination, "127.0.0.1");
  ExpectProcess(events[0].process, without_port.facts(), &port_cgroup);
  EXPECT_EQ(TcpOf(probes, port_cgroup, without_port.facts()), (TcpCounts{2, 1, 1, 0}));

  if (permitted) return;
  Child blind({}, [](Line&) {
    if (unshare(CLONE_NEWUTS) != 0) return 1;
    return Connect(MakePlan("255.255.255.255", 9)).error != 0 ? 0 : 1;
  });
  blind.Run();
  EXPECT_TRUE(probes.Of(EventKind::kNamespaceChange, blind.facts()).empty());
  EXPECT_TRUE(probes.Of(EventKind::kConnectFailure, blind.facts()).empty());
}

INSTANTIATE_TEST_SUITE_P(All, SwitchedOffTest, ::testing::Bool(), [](const auto& info) {
  return info.param ? "WithIoUring" : "WithoutIoUring";
});

}  // namespace
}  // namespace nsobs
