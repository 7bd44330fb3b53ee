// Who came in: the runtime of the container, or somebody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"
#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

using Operation = NamespaceChange::Operation;

// Inodes of executables.
enum Exe : uint64_t { kShell = 10, kSudo, kPodman, kConmon, kRunc, kMemory, kNsenter, kNetavark };

class EntryJudgeTest : public testing::Test {
 protected:
  EntryJudgeTest() {
    init_ = {.pid = 100,
             .parent_pid = 40,
             .ns_pid = 1,
             .ns = ContainerNamespaces(1100),
             .unified = "/libpod_parent/libpod-" + FullId("a"),
             .args = "/bin/server"};
    init_.memory = init_.unified;
  }

  void Exec(const FakeProcess& process) { correlator_.Learn(host_.Exec(process, ++now_)); }
  static FakeProcess Host(uint32_t pid, uint32_t parent, uint64_t exe, std::string args) {
    return {.pid = pid, .parent_pid = parent, .comm = "x", .args = std::move(args), .exe = exe};
  }
  FakeProcess Entering(FakeProcess process) const {
    process.ns = {{NamespaceKind::kMnt, init_.ns.at(NamespaceKind::kMnt)},
                  {NamespaceKind::kNet, init_.ns.at(NamespaceKind::kNet)}};
    return process;
  }
  std::optional<Entry> Setns(const FakeProcess& process) {
    return correlator_.Observe(host_.Change(Entering(process), Operation::kSetns, ++now_)).entry;
  }
  std::optional<Entry::By> ByOf(const FakeProcess& process) {
    const auto entry = Setns(process);
    if (!entry) return std::nullopt;
    return entry->by;
  }

  void MakeContainer() {
    MakeNamespaces();
    Begin();
  }
  // A shell runs sudo podman, which makes the network; conmon, runc and runc's copy the rest.
  void MakeNamespaces() {
    EXPECT_TRUE(correlator_.ScanHost().ok());
    Exec(Host(10, 1, kShell, "bash"));
    Exec(Host(15, 10, kSudo, "sudo podman run"));
    Exec(Host(20, 15, kPodman, "podman run"));
    FakeProcess podman = Host(20, 15, kPodman, "");
    podman.ns = {{NamespaceKind::kNet, init_.ns.at(NamespaceKind::kNet)}};
    correlator_.Observe(host_.Change(podman, Operation::kUnshare, ++now_));
    Exec(Host(40, 20, kConmon, "conmon -c " + FullId("a") + " -n web"));
    Exec(Host(50, 40, kRunc, "runc create " + FullId("a")));
    Exec(Host(55, 50, kRunc, "runc init"));
    FakeProcess copy = Host(55, 50, kMemory, "runc init");
    copy.nameless = true;
    Exec(copy);
    copy.ns = init_.ns;
    copy.ns.erase(NamespaceKind::kNet);
    correlator_.Observe(host_.Change(copy, Operation::kUnshare, ++now_));
  }
  void Begin() {
    AwaitHooks();
    Exec(init_);
  }
  void InitForksNow() {
    now_ = clock_.BootNs();
    MakeNamespaces();
    init_.start_ticks = static_cast<uint64_t>(now_) / kNsPerTick;
    AwaitHooks();
  }
  // All is there but the program.
  void AwaitHooks() {
    host_.Start(init_);
    host_.AddPodman({{FullId("a"), "web"}});
    correlator_.Learn(host_.CgroupBorn(init_.unified, ++now_));
  }
  // `podman exec`, run by `parent`.
  FakeProcess RuncExec(uint32_t parent) {
    Exec(Host(60, parent, kPodman, "podman exec web"));
    Exec(Host(61, 60, kConmon, "conmon -c " + FullId("a") + " --exec-attach"));
    Exec(Host(62, 61, kRunc, "runc exec"));
    FakeProcess child = Host(63, 62, kMemory, "");
    child.nameless = true;
    child.unified = child.memory = init_.unified;
    return child;
  }

  FakeHost host_;
  FakeClock clock_{10'000 * kSecond, 1'000'000 * kSecond};
  Correlator correlator_{host_.Options(), &clock_};
  FakeProcess init_;
  int64_t now_ = 5000 * kSecond;
};

TEST_F(EntryJudgeTest, ExecByTheEngine) {
  MakeContainer();
  EXPECT_EQ(ByOf(RuncExec(10)), Entry::By::kEngine);
}

TEST_F(EntryJudgeTest, NsenterOfTheShellThatStartedIt) {
  MakeContainer();
  const FakeProcess nsenter = Host(70, 10, kNsenter, "nsenter -t 100 -a");
  Exec(nsenter);
  const auto entry = Setns(nsenter);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->by, Entry::By::kStranger);
  EXPECT_FALSE(entry->before_start);
  ASSERT_GE(entry->lineage.size(), 2u);
  EXPECT_EQ(entry->lineage[0].exe_args, "nsenter -t 100 -a");
  EXPECT_EQ(entry->lineage[1].pid, 10u);
}

TEST_F(EntryJudgeTest, NamesDoNotCount) {
  MakeContainer();
  FakeProcess nsenter = Host(70, 10, kNsenter, "runc exec");
  nsenter.comm = "runc";
  Exec(nsenter);
  EXPECT_EQ(ByOf(nsenter), Entry::By::kStranger);
}

TEST_F(EntryJudgeTest, SudoStandsInBothLines) {
  MakeContainer();
  Exec(Host(69, 10, kSudo, "sudo nsenter"));
  const FakeProcess nsenter = Host(70, 69, kNsenter, "nsenter");
  Exec(nsenter);
  EXPECT_EQ(ByOf(nsenter), Entry::By::kStranger);
}

// Found by a decoy under load: dockerd's own program came in while its hook was still running, and
// a scan had taken the waiting init for a container that had begun.
TEST_F(EntryJudgeTest, AHookIsNoEntryThoughAScanSawTheInitWait) {
  InitForksNow();
  clock_.AdvanceNs(kSecond);
  correlator_.Reconcile();
  EXPECT_TRUE(correlator_.TakeMade().empty());
  Exec(Host(70, 1, kNetavark, "engine"));
  Exec(Host(71, 70, kNetavark, "set-ipv6"));
  const auto entry = Setns(Host(71, 70, kNetavark, ""));
  EXPECT_TRUE(!entry || entry->before_start);
  Exec(init_);
  EXPECT_EQ(correlator_.TakeMade().size(), 1u);
  EXPECT_EQ(ByOf(Host(71, 70, kNetavark, "")), Entry::By::kStranger);
}

TEST_F(EntryJudgeTest, AnInitWhoseExecWasLostBeginsAfterAWhile) {
  InitForksNow();
  clock_.AdvanceNs(11 * kSecond);
  correlator_.Reconcile();
  EXPECT_EQ(correlator_.TakeMade().size(), 1u);
}

TEST_F(EntryJudgeTest, ACopyInMemoryOfAStrangerIsAStranger) {
  MakeContainer();
  FakeProcess copy = Host(70, 10, kMemory, "x");
  copy.nameless = true;
  Exec(copy);
  EXPECT_EQ(ByOf(copy), Entry::By::kStranger);
}

TEST_F(EntryJudgeTest, AHelperOfWhoMadeTheNetwork) {
  MakeContainer();
  Exec(Host(70, 10, kPodman, "podman network connect"));
  const FakeProcess netavark = Host(71, 70, kNetavark, "netavark setup");
  Exec(netavark);
  EXPECT_EQ(ByOf(netavark), Entry::By::kEngine);
}

TEST_F(EntryJudgeTest, WhoMadeItIsItsEngine) {
  MakeContainer();
  EXPECT_EQ(ByOf(Host(20, 15, kPodman, "")), Entry::By::kEngine);
}

TEST_F(EntryJudgeTest, AShellThatBecomesNsenterIsNoEngine) {
  MakeContainer();
  const FakeProcess nsenter = Host(10, 1, kNsenter, "nsenter");
  Exec(nsenter);
  EXPECT_EQ(ByOf(nsenter), Entry::By::kStranger);
}

TEST_F(EntryJudgeTest, AProgramOfAnotherContainerIsAStranger) {
  MakeContainer();
  const std::string path = "/libpod_parent/libpod-" + FullId("b");
  correlator_.Learn(host_.CgroupBorn(path, ++now_));
  // With --pid=host, started by the same monitor and runtime.
  FakeProcess other{.pid = 200, .parent_pid = 40, .comm = "sh", .unified = path, .memory = path};
  other.ns = {{NamespaceKind::kMnt, 2200}};
  other.exe = kRunc;
  Exec(other);
  EXPECT_EQ(ByOf(other), Entry::By::kStranger);
}

TEST_F(EntryJudgeTest, WhoWasBornInsideDoesNotEnter) {
  MakeContainer();
  FakeProcess inside = init_;
  inside.pid = 101;
  inside.ns_pid = 2;
  Exec(inside);
  const Event event = host_.Change(inside, Operation::kSetns, ++now_);
  EXPECT_FALSE(correlator_.Observe(event).entry);
}

TEST_F(EntryJudgeTest, AFailureIsNoEntryAndADeadContainerIsBeingCleanedUp) {
  MakeContainer();
  Event event = host_.Change(Entering(Host(70, 10, kNsenter, "")), Operation::kSetns, ++now_);
  std::get<NamespaceChange>(event.detail).error = 1;
  EXPECT_FALSE(correlator_.Observe(event).entry);
  correlator_.Learn(host_.Exit(init_, ++now_, 0, 9));
  EXPECT_FALSE(Setns(Host(70, 10, kNsenter, "")));
}

TEST_F(EntryJudgeTest, WithoutAKnownFileNothingIsSaid) {
  MakeContainer();
  EXPECT_EQ(ByOf(Host(70, 10, 0, "")), Entry::By::kUnknown);
}

TEST_F(EntryJudgeTest, OfAContainerThatWasThereBefore) {
  FakeProcess monitor = Host(40, 1, 0, "conmon -c " + FullId("a") + " -n web");
  host_.Start(monitor);
  host_.Start(init_);
  host_.AddPodman({{FullId("a"), "web"}});
  EXPECT_TRUE(correlator_.ScanHost().ok());
  // A child of the monitor itself.
  const FakeProcess runc = Host(62, 40, 9001, "runc exec");
  Exec(runc);
  EXPECT_EQ(ByOf(runc), Entry::By::kEngine);
  const FakeProcess nsenter = Host(70, 1, 9002, "nsenter");
  Exec(nsenter);
  const auto by = ByOf(nsenter);
  ASSERT_TRUE(by);
  EXPECT_NE(*by, Entry::By::kEngine);
}

TEST_F(EntryJudgeTest, WhoAdoptedAnInitIsNoMonitor) {
  // A user's manager adopts orphans; its arguments name no container.
  host_.Start(Host(40, 1, 0, "/lib/systemd/systemd --user"));
  host_.Start(init_);
  host_.AddPodman({{FullId("a"), "web"}});
  EXPECT_TRUE(correlator_.ScanHost().ok());
  const FakeProcess nsenter = Host(70, 40, 9002, "nsenter");
  Exec(nsenter);
  EXPECT_NE(ByOf(nsenter), Entry::By::kEngine);
}

}  // namespace
}  // namespace nsobs
