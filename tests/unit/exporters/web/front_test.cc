// The front: what it says to the daemon, and what it may still do.
#include "exporters/web/front.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "exporters/web/front_frames.h"
#include "exporters/web/front_sandbox.h"

namespace nsobs {
namespace {

RequestHead HeadOf(const std::string& text) {
  const auto head = ReadHead(text);
  EXPECT_TRUE(head.has_value()) << text;
  return head.value_or(RequestHead());
}

TEST(FrontFramesTest, ARequestArrivesAsItWasRead) {
  const RequestHead head = HeadOf(
      "GET /api/v1/events?limit=3 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
      "Authorization: Basic YTpi\r\nConnection: close\r\nContent-Length: 3\r\n\r\n");
  const auto request = DecodeFrontRequest(EncodeFrontRequest(head, true));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->head.text, head.text);
  EXPECT_EQ(request->head.authorization, "Basic YTpi");
  EXPECT_TRUE(request->head.close && request->head.has_body && request->head.accepts_gzip);
  EXPECT_TRUE(request->last);
  const auto plain =
      DecodeFrontRequest(EncodeFrontRequest(HeadOf("GET / HTTP/1.1\r\n\r\n"), false));
  ASSERT_TRUE(plain.has_value());
  EXPECT_FALSE(plain->head.close || plain->head.has_body || plain->head.accepts_gzip);
  EXPECT_FALSE(plain->last);
}

TEST(FrontFramesTest, AFrontThatWasTakenOverSaysNothingElse) {
  const std::string good = EncodeFrontRequest(HeadOf("GET / HTTP/1.1\r\n\r\n"), false);
  const std::string fixed(good, 0, 3);
  EXPECT_TRUE(DecodeFrontRequest(good).has_value());
  for (const std::string& bad :
       {std::string(), fixed, good.substr(0, good.size() - 1), good + "x", "\xFF" + good.substr(1),
        std::string("\0\xFF\xFF", 3) + good.substr(3), good + good.substr(3),
        fixed + "GET / HTTP/1.1\r\nRange bytes\r\n\r\n", fixed + "GET / HTTP/9\r\n\r\n",
        good + std::string(kMaxFrontRequestBytes, 'x')}) {
    EXPECT_FALSE(DecodeFrontRequest(bad).has_value()) << bad.substr(0, 60);
  }
}

TEST(FrontTest, IsStartedByTheDaemonAlone) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{kFrontCommand},
                                                {kFrontCommand, "0", "1", ""},
                                                {kFrontCommand, "1", "-1", ""},
                                                {kFrontCommand, "a", "1", ""}}) {
    EXPECT_EXIT(_exit(RunFront(words)), ::testing::ExitedWithCode(1), "by `nsobserver run` alone");
  }
}

// The deed's errno (0: it was done), or minus the signal that ended the process.
int InSandbox(const std::function<int()>& deed) {
  const pid_t child = fork();
  if (child == 0) {
    if (!EnterFrontSandbox().ok()) _exit(255);
    _exit(deed() == 0 ? 0 : errno);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void* Nothing(void*) { return nullptr; }

TEST(FrontSandboxTest, WhatItsWorkNeeds) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  EXPECT_EQ(InSandbox([&] { return send(pair[0], "x", 1, 0) == 1 ? 0 : -1; }), 0);
  EXPECT_EQ(InSandbox([] {
              pthread_t thread;
              errno = pthread_create(&thread, nullptr, Nothing, nullptr);
              return errno != 0 || pthread_join(thread, nullptr) != 0 ? -1 : 0;
            }),
            0);
  close(pair[0]);
  close(pair[1]);
}

TEST(FrontSandboxTest, NothingElse) {
  EXPECT_EQ(InSandbox([] { return open("/etc/hostname", O_RDONLY) >= 0 ? 0 : -1; }), EPERM);
  EXPECT_EQ(InSandbox([] { return open("/dev/shm/nsobs-front", O_CREAT | O_WRONLY, 0600); }),
            EPERM);
  EXPECT_EQ(InSandbox([] { return unlink("/tmp/nsobs-front"); }), EPERM);
  EXPECT_EQ(InSandbox([] { return chmod("/tmp", 0777); }), EPERM);
  EXPECT_EQ(InSandbox([] { return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : -1; }), EPERM);
  EXPECT_EQ(InSandbox([] { return setuid(0); }), EPERM);
  EXPECT_EQ(InSandbox([] { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }), EPERM);
  EXPECT_EQ(InSandbox([] {
              void* page =
                  mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return page == MAP_FAILED ? -1 : 0;
            }),
            EPERM);
  EXPECT_EQ(InSandbox([] { return fork() >= 0 ? 0 : -1; }), EPERM);
  EXPECT_EQ(InSandbox([] { return kill(getppid(), SIGTERM); }), -SIGSYS);
  EXPECT_EQ(InSandbox([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }), -SIGSYS);
  EXPECT_EQ(InSandbox([] { return execl("/bin/true", "true", nullptr); }), -SIGSYS);
  EXPECT_EQ(InSandbox([] { return static_cast<int>(syscall(SYS_unshare, 0)); }), -SIGSYS);
}

}  // namespace
}  // namespace nsobs
