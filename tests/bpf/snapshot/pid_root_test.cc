// The section PID of a real pid namespace whose init never reaps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/bpf/snapshot/reading.h"

namespace nsobs {
namespace {

bool MakeZombies(int count) {
  for (int i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0) return false;
  }
  return true;
}

bool KeepOnlyChown() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  data[0].effective = data[0].permitted = 1u << CAP_CHOWN;
  data[0].inheritable = 1u << CAP_CHOWN;
  return prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0) == 0 &&
         syscall(SYS_capset, &header, data) == 0 &&
         prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) == 0;
}

void Nothing(int) {}

bool SetUpSignals() {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  return signal(SIGTERM, Nothing) != SIG_ERR && signal(SIGINT, SIG_IGN) != SIG_ERR &&
         sigprocmask(SIG_SETMASK, &blocked, nullptr) == 0 && kill(getpid(), SIGUSR1) == 0;
}

bool Prepare() {
  prctl(PR_SET_NAME, "bad-\xff\x1b[31m");
  std::ofstream("/proc/self/oom_score_adj") << 500;
  const rlimit limit = {500, 600};
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 && setsid() > 0 &&
         socket(AF_INET, SOCK_DGRAM, 0) >= 0 && SetUpSignals() && MakeZombies(3) &&
         KeepOnlyChown() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

class PidRootTest : public ::testing::Test {
 protected:
  static bool Contains(const SectionJson& list, const char* name) {
    for (const SectionJson& item : list) {
      if (item == name) return true;
    }
    return false;
  }
};

TEST_F(PidRootTest, ZombiesOfAnInitThatNeverReaps) {
  const Contained contained({.namespaces = CLONE_NEWPID, .inside = Prepare});
  Reading reading(contained);
  reading.request.init_pid = contained.pid();
  const SectionJson out = reading.Run(ReadPid);
  EXPECT_EQ(reading.Errors(), "");
  EXPECT_EQ(out["zombies"], 3);
  ASSERT_EQ(out["processes"].size(), 4);
  const SectionJson init = RowWhere(out["processes"], "pid", contained.pid());
  EXPECT_EQ(init["ns_pid"], 1);
  EXPECT_EQ(init["comm"], "bad-\xEF\xBF\xBD\x1b[31m");
  EXPECT_EQ(init["state"], "S");
  EXPECT_EQ(init["threads"], 1);
  EXPECT_EQ(init["uid"], 0);
  EXPECT_FALSE(init.contains("zombie_of"));
  EXPECT_GT(init["start_boot_ns"], 0);
  for (uint32_t ns_pid = 2; ns_pid <= 4; ++ns_pid) {
    const SectionJson zombie = RowWhere(out["processes"], "ns_pid", ns_pid);
    ASSERT_TRUE(zombie.is_object()) << out;
    EXPECT_EQ(zombie["state"], "Z");
    EXPECT_EQ(zombie["zombie_of"], contained.pid());
    EXPECT_EQ(zombie["parent_pid"], contained.pid());
  }
  EXPECT_EQ(out["init"], out["process"]);
}

TEST_F(PidRootTest, EveryDetail) {
  const Contained contained({.namespaces = CLONE_NEWPID, .inside = Prepare});
  Reading reading(contained);
  const SectionJson d = reading.Run(ReadPid)["process"];
  EXPECT_EQ(d["pid"], contained.pid());
  EXPECT_EQ(d["ns_pid"], 1);
  EXPECT_EQ(d["uids"].dump(), "[0,0,0,0]");
  EXPECT_EQ(d["gids"].dump(), "[0,0,0,0]");
  EXPECT_TRUE(Contains(d["signals"]["caught"], "TERM"));
  EXPECT_TRUE(Contains(d["signals"]["ignored"], "INT"));
  EXPECT_EQ(d["signals"]["blocked"].dump(), R"(["USR1"])");
  EXPECT_EQ(d["signals"]["pending"].dump(), R"(["USR1"])");
  EXPECT_EQ(d["capabilities"]["effective"].dump(), R"(["chown"])");
  EXPECT_EQ(d["capabilities"]["permitted"].dump(), R"(["chown"])");
  EXPECT_EQ(d["capabilities"]["inheritable"].dump(), R"(["chown"])");
  EXPECT_EQ(d["capabilities"]["ambient"].dump(), R"(["chown"])");
  EXPECT_FALSE(Contains(d["capabilities"]["bounding"], "net_admin"));
  EXPECT_TRUE(Contains(d["capabilities"]["bounding"], "net_raw"));
  EXPECT_EQ(d["seccomp"], "off");
  EXPECT_EQ(d["no_new_privs"], true);
  EXPECT_EQ(d["limits"]["nofile"].dump(), R"({"soft":500,"hard":600})");
  EXPECT_GE(d["open_files"], 4);
  EXPECT_EQ(d["sockets"], 1);
  EXPECT_EQ(d["threads"], 1);
  EXPECT_GT(d["vm_rss_bytes"], 0);
  EXPECT_EQ(d["oom_score_adj"], 500);
  EXPECT_GT(d["oom_score"], 0);
  EXPECT_EQ(d["session"], contained.pid());
  EXPECT_EQ(d["tty"], false);
  EXPECT_TRUE(d.contains("login_uid"));
  EXPECT_TRUE(d.contains("lsm_label"));
  EXPECT_EQ(d["waiting_syscall"], SYS_rt_sigsuspend);
}

}  // namespace
}  // namespace nsobs
