#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "tests/unit/snapshot_fs/fake_host.h"
#include "userspace/snapshot/pid/process_detail.h"
#include "userspace/snapshot/pid/process_text.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ProcessTextTest, StatWithAHostileName) {
  const auto stat = ParseProcessStat(
      "7 (a) R 1 2) Z 5 7 8 34816 -1 4194304 102 0 0 0 0 0 0 0 20 0 3 0 1234 313\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->comm, "a) R 1 2");
  EXPECT_EQ(stat->state, 'Z');
  EXPECT_TRUE(stat->zombie());
  EXPECT_EQ(stat->parent_pid, 5);
  EXPECT_EQ(stat->session, 8);
  EXPECT_EQ(stat->tty, 34816);
  EXPECT_EQ(stat->threads, 3);
  EXPECT_EQ(stat->start_boot_ns, 12'340'000'000);
  EXPECT_FALSE(ParseProcessStat(""));
  EXPECT_FALSE(ParseProcessStat(")("));
  EXPECT_FALSE(ParseProcessStat("7 (a) R 1"));
}

TEST(ProcessTextTest, Status) {
  const ProcessStatus s = ParseProcessStatus(
      "Name:\tx\nUid:\t0\t1\t2\t3\nGid:\t4\t5\t6\t7\nNSpid:\t700\t12\t1\nVmRSS:\t    8 kB\n"
      "SigPnd:\t0000000000000001\nShdPnd:\t0000000000004000\nSigBlk:\t0000000000000200\n"
      "SigIgn:\t0000000000001000\nSigCgt:\t8000000000000002\nCapInh:\t0000000000000001\n"
      "CapPrm:\t0000000000000003\nCapEff:\t0000000000001000\nCapBnd:\t000001ffffffffff\n"
      "CapAmb:\t0000020000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\nbroken\n");
  EXPECT_THAT(s.uids, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(s.gids, ElementsAre(4, 5, 6, 7));
  EXPECT_EQ(s.ns_pid, 1);
  EXPECT_EQ(s.rss_bytes, 8192);
  EXPECT_EQ(s.seccomp, 2);
  EXPECT_EQ(s.no_new_privs, true);
  EXPECT_EQ(SignalNames(s.signals_pending).dump(), R"(["HUP","TERM"])");
  EXPECT_EQ(SignalNames(s.signals_blocked).dump(), R"(["USR1"])");
  EXPECT_EQ(SignalNames(s.signals_ignored).dump(), R"(["PIPE"])");
  EXPECT_EQ(SignalNames(s.signals_caught).dump(), R"(["INT","RTMIN+30"])");
  EXPECT_EQ(CapabilityNames(s.cap_inheritable).dump(), R"(["chown"])");
  EXPECT_EQ(CapabilityNames(s.cap_permitted).dump(), R"(["chown","dac_override"])");
  EXPECT_EQ(CapabilityNames(s.cap_effective).dump(), R"(["net_admin"])");
  EXPECT_EQ(CapabilityNames(s.cap_ambient).dump(), R"(["cap_41"])") << "of a newer kernel";
  EXPECT_THAT(CapabilityNames(s.cap_bounding), SizeIs(41));
  EXPECT_EQ(CapabilityNames(s.cap_bounding)[40], "checkpoint_restore");
}

TEST(ProcessTextTest, Limits) {
  const SectionJson limits = ParseLimits(
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max cpu time              unlimited            unlimited            seconds   \n"
      "Max open files            1024                 20000                files     \n"
      "Max nice priority         0                    0                    \n"
      "Max something new         1                    1                    \n");
  EXPECT_EQ(limits.dump(),
            R"({"cpu":{"soft":null,"hard":null},"nofile":{"soft":1024,"hard":20000},)"
            R"("nice":{"soft":0,"hard":0}})");
}

class PidReaderTest : public ::testing::Test {
 protected:
  SectionJson Read(uint32_t pid) {
    SectionJson out = SectionJson::object();
    ReadPid(host_.TargetOf(pid), &out, &notes_);
    EXPECT_FALSE(Dump(out).empty());
    return out;
  }
  static std::vector<uint32_t> Pids(const SectionJson& out) {
    std::vector<uint32_t> pids;
    for (const SectionJson& row : out["processes"]) pids.push_back(row["pid"]);
    return pids;
  }

  FakeHost host_;
  ReadNotes notes_;
};

TEST_F(PidReaderTest, TheProcessesOfTheNamespaceAndZombiesByTheirParent) {
  host_.Add({.pid = 90, .ns_inode = 4026531836});
  host_.Add({.pid = 100, .comm = "init", .ns_inode = 4026532200});
  host_.Add({.pid = 101, .parent = 100, .comm = "dead", .state = 'Z', .ns_pid = 2});
  host_.Add({.pid = 102, .parent = 90, .comm = "other", .state = 'Z'});
  host_.Add({.pid = 103, .parent = 100, .comm = "work", .ns_inode = 4026532200, .ns_pid = 3});
  host_.Add({.pid = 104, .parent = 100, .comm = "hidden"});  // unreadable, but alive
  host_.Write("proc/103/wchan", "pipe_read");
  host_.Write("proc/100/wchan", "0");
  host_.Write("proc/meminfo", "");
  host_.request().init_pid = 100;
  const SectionJson out = Read(103);
  EXPECT_EQ(out["inode"], 4026532200);
  EXPECT_THAT(Pids(out), ElementsAre(100, 101, 103));
  EXPECT_EQ(out["zombies"], 0) << "their threads are two: the fake's stat says so";
  EXPECT_EQ(out["processes"][2].dump(),
            R"({"pid":103,"ns_pid":3,"parent_pid":100,"comm":"work","state":"S","threads":2,)"
            R"("wait_channel":"pipe_read","uid":1000,"start_boot_ns":5000000000})");
  EXPECT_EQ(out["processes"][0]["wait_channel"], nullptr);
  EXPECT_EQ(out["init"]["comm"], "init");
  EXPECT_EQ(out["process"]["comm"], "work");
  EXPECT_THAT(notes_.truncated(), IsEmpty());
}

TEST_F(PidReaderTest, CountsZombiesAndNamesTheirParent) {
  host_.Add({.pid = 100, .ns_inode = 4026532200});
  host_.Add({.pid = 101, .parent = 100, .state = 'Z'});
  host_.Write("proc/101/stat",
              "101 (dead) Z 100 7 8 0 -1 4 102 0 0 0 0 0 0 0 20 0 1 0 500 3133440\n");
  const SectionJson out = Read(100);
  EXPECT_EQ(out["zombies"], 1);
  EXPECT_EQ(out["processes"][1]["zombie_of"], 100);
  EXPECT_FALSE(out["processes"][0].contains("zombie_of"));
}

TEST_F(PidReaderTest, SixHundredProcessesAreCut) {
  for (uint32_t pid = 100; pid < 700; ++pid) host_.Add({.pid = pid, .ns_inode = 4026532200});
  const SectionJson out = Read(100);
  EXPECT_THAT(out["processes"], SizeIs(512));
  EXPECT_THAT(notes_.truncated(), ElementsAre("/pid/processes"));
}

TEST_F(PidReaderTest, NamesOfAnyBytesComeOutAsText) {
  host_.Add({.pid = 100, .comm = "\xff\x1b[2J\x07\xe2\x82", .ns_inode = 4026532200});
  host_.Write("proc/100/wchan", "\xff\xfe");
  EXPECT_EQ(Read(100)["processes"][0]["comm"], "\xEF\xBF\xBD\x1b[2J\x07");
}

TEST_F(PidReaderTest, ATargetThatIsGone) {
  host_.MakeFolder("proc");
  const SectionJson out = Read(100);
  EXPECT_EQ(out["process"], nullptr);
  EXPECT_FALSE(out.contains("processes"));
  EXPECT_THAT(ErrorTexts(notes_), SizeIs(2));
}

TEST_F(PidReaderTest, StopsInTime) {
  for (uint32_t pid = 100; pid < 300; ++pid) host_.Add({.pid = pid, .ns_inode = 4026532200});
  Target target = host_.TargetOf(100);
  target.deadline = absl::Now() - absl::Seconds(1);
  SectionJson out = SectionJson::object();
  ReadPid(target, &out, &notes_);
  EXPECT_THAT(notes_.truncated(), ElementsAre("/pid/processes"));
  EXPECT_THAT(ErrorTexts(notes_).back(), HasSubstr("out of time"));
}

// The machine's own procfs: this process, with a zombie child.
TEST(PidReaderSmokeTest, TheTestItself) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  SnapshotRequest request;
  Target target;
  target.pid = static_cast<uint32_t>(getpid());
  target.request = &request;
  target.deadline = absl::Now() + absl::Seconds(30);
  SectionJson out = SectionJson::object();
  ReadNotes notes;
  ReadPid(target, &out, &notes);
  waitpid(child, nullptr, 0);
  bool found = false;
  for (const SectionJson& row : out["processes"]) {
    if (row["pid"] != child) continue;
    found = true;
    EXPECT_EQ(row["state"], "Z");
    EXPECT_EQ(row["zombie_of"], getpid());
  }
  // On a host with more than 512 processes the child may be behind the cut.
  EXPECT_TRUE(found || !notes.truncated().empty());
  EXPECT_GE(out["zombies"], found ? 1 : 0);
  const SectionJson& self = out["process"];
  EXPECT_EQ(self["comm"], "snapshot_fs_tes");
  EXPECT_EQ(self["uids"][1], geteuid());
  EXPECT_GE(self["open_files"], 3);
  EXPECT_TRUE(self["limits"].contains("nofile"));
  EXPECT_TRUE(self.contains("oom_score_adj"));
  EXPECT_GT(self["vm_rss_bytes"], 1 << 20);
  EXPECT_EQ(self["seccomp"], "off");
}

}  // namespace
}  // namespace nsobs
