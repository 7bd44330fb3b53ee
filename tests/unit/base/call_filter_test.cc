#include "userspace/base/call_filter.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace nsobs {
namespace {

// The wait status of a child that loads `filter` and does `deed`, whose value is its exit code.
int EndOf(const CallFilter& filter, const std::function<int()>& deed) {
  const pid_t pid = fork();
  if (pid == 0) {
    const bool ready = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter.Load().ok();
    syscall(SYS_exit_group, ready ? deed() : 99);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

int ErrnoOfGetppid() { return syscall(SYS_getppid) < 0 ? errno : 0; }

constexpr int kEnough[] = {SCMP_SYS(exit_group), SCMP_SYS(brk), SCMP_SYS(munmap)};

TEST(CallFilterTest, WhatIsNotOnTheListIsRefused) {
  CallFilter filter;
  filter.Allow(kEnough);
  const int status = EndOf(filter, ErrnoOfGetppid);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), EPERM);
}

TEST(CallFilterTest, WhatIsOnTheListIsNot) {
  CallFilter filter;
  filter.Allow(kEnough);
  filter.AllowIf(SCMP_SYS(getppid), {});
  const int status = EndOf(filter, ErrnoOfGetppid);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(CallFilterTest, ADeadlyCallKills) {
  CallFilter filter;
  filter.Allow(kEnough);
  constexpr int kDeadly[] = {SCMP_SYS(getppid)};
  filter.Kill(kDeadly);
  const int status = EndOf(filter, ErrnoOfGetppid);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST(CallFilterTest, ConditionsLookAtTheArguments) {
  CallFilter filter;
  filter.Allow(kEnough);
  filter.AllowIf(SCMP_SYS(socket), {Equals(0, AF_UNIX), With(1, SOCK_CLOEXEC), Without(2, 0x40)});
  const auto open = [&](int family, int type, int protocol) {
    return WEXITSTATUS(
        EndOf(filter, [=] { return syscall(SYS_socket, family, type, protocol) < 0 ? errno : 0; }));
  };
  EXPECT_EQ(open(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
  EXPECT_EQ(open(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), EPERM);
  EXPECT_EQ(open(AF_UNIX, SOCK_STREAM, 0), EPERM);
  EXPECT_EQ(open(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0x40), EPERM);
}

TEST(CallFilterTest, TheExportedProgramIsTheSameOne) {
  CallFilter filter;
  filter.Allow(kEnough);
  const absl::StatusOr<std::vector<sock_filter>> program = filter.Export();
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_GT(program->size(), std::size(kEnough));
  EXPECT_EQ(program->back().code, BPF_RET | BPF_K);
}

}  // namespace
}  // namespace nsobs
