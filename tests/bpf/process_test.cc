// Exec and exit of processes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <thread>

#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

struct ExecCase {
  const char* name;
  std::vector<std::string> args;
  std::string seen;
  bool truncated;
};
const ExecCase kExecs[] = {
    {"Short", {"true", "a", "b c"}, "true a b c", false},
    {"Empty", {"true", "", "x"}, "true  x", false},
    {"Utf8",
     {"true", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7"},
     "true gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7",
     false},
    {"FitsExactly", {"true", std::string(506, 'y')}, "true " + std::string(506, 'y'), false},
    {"Long", {"true", std::string(5000, 'z')}, "true " + std::string(507, 'z'), true},
};

class ExecTest : public ::testing::TestWithParam<std::tuple<ExecCase, Place>> {};

TEST_P(ExecTest, IsToldOnceWithItsArguments) {
  const auto& [c, place] = GetParam();
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = place, .cgroup = &cgroup}, [&c = c](Line&) {
    std::vector<char*> args;
    for (const std::string& arg : c.args) args.push_back(const_cast<char*>(arg.c_str()));
    args.push_back(nullptr);
    execv("/bin/true", args.data());
    return 1;
  });
  const int64_t from = BootNowNs();
  child.Run();
  const auto events = probes.Of(EventKind::kProcessExec, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kProcessExec, from, BootNowNs());
  Facts after = child.facts();
  strcpy(after.comm, "true");
  ExpectProcess(events[0].process, after, &cgroup);
  const auto& exec = std::get<ProcessExec>(events[0].detail);
  EXPECT_EQ(exec.args, c.seen);
  EXPECT_EQ(exec.truncated, c.truncated);
}

INSTANTIATE_TEST_SUITE_P(All, ExecTest,
                         ::testing::Combine(::testing::ValuesIn(kExecs),
                                            ::testing::Values(Place::kHost, Place::kOwn)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  PlaceName(std::get<1>(info.param));
                         });

// As the kernel keeps it: major << 20 | minor.
Executable ExecutableAt(const char* path) {
  struct stat found{};
  EXPECT_EQ(stat(path, &found), 0) << path;
  return {found.st_ino, major(found.st_dev) << 20 | minor(found.st_dev), false};
}

TEST(ExecIdentity, IsTheFileAndTheParents) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    const pid_t pid = fork();  // without an exec: only the record of its child tells of it
    if (pid == 0) {
      if (fork() == 0) execl("/bin/true", "renamed", nullptr);
      wait(nullptr);
      _exit(0);
    }
    waitpid(pid, nullptr, 0);
    return 0;
  });
  child.Run();
  const auto events = probes.Take([&](const Event& e) {
    return e.kind == EventKind::kProcessExec && e.process.cgroup == cgroup.key();
  });
  ASSERT_EQ(events.size(), 1u);
  const auto& exec = std::get<ProcessExec>(events[0].detail);
  EXPECT_EQ(exec.executable, ExecutableAt("/bin/true"));
  ASSERT_EQ(exec.forebears.size(), 2u);
  EXPECT_EQ(exec.forebears[0].key.pid, events[0].process.parent_pid);
  EXPECT_GE(exec.forebears[0].key.start_boot_ns, exec.forebears[1].key.start_boot_ns);
  EXPECT_EQ(exec.forebears[1].key.pid, child.facts().pid);
  for (const Forebear& forebear : exec.forebears) {
    EXPECT_EQ(forebear.executable, ExecutableAt("/proc/self/exe"));
    EXPECT_EQ(forebear.comm, "deed");
  }
}

TEST(ExecIdentity, OfACopyInMemoryHasNoName) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    const int memory = memfd_create("copy", MFD_CLOEXEC);
    const int file = open("/bin/true", O_RDONLY | O_CLOEXEC);
    while (sendfile(memory, file, nullptr, 1 << 20) > 0) {
    }
    char name[] = "true";
    char* args[] = {name, nullptr};
    fexecve(memory, args, environ);
    return 1;
  });
  child.Run();
  const auto events = probes.Of(EventKind::kProcessExec, child.facts());
  ASSERT_EQ(events.size(), 1u);
  const auto& exec = std::get<ProcessExec>(events[0].detail);
  EXPECT_TRUE(exec.executable.known());
  EXPECT_TRUE(exec.executable.nameless);
}

struct ExitCase {
  const char* name;
  Deed deed;
  bool init = false;
};

int EndByExit(Line&) { _exit(42); }
int EndBySignal(Line&) { return raise(SIGKILL); }
int EndByThread(Line&) {
  // The main thread goes first: the process lives on, and its code is the last one's.
  std::thread([] {
    const timespec pause{0, 20'000'000};
    nanosleep(&pause, nullptr);
    _exit(7);
  }).detach();
  pthread_exit(nullptr);
}

// A core file, if the machine makes one, goes to a folder of its own.
int EndByCore(Line&) {
  char folder[] = "/tmp/nsobs-bpf-XXXXXX";
  if (mkdtemp(folder) == nullptr || chdir(folder) != 0) return 1;
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &unlimited);
  const pid_t pid = fork();
  if (pid == 0) abort();
  int status = 0;
  waitpid(pid, &status, 0);
  (void)!system("rm -rf \"$PWD\"");
  return WCOREDUMP(status) ? 1 : 0;
}

const ExitCase kExits[] = {
    {"Code", EndByExit},
    {"Signal", EndBySignal},
    {"LastThread", EndByThread},
    {"InitCode", EndByExit, true},
};

class ExitTest : public ::testing::TestWithParam<std::tuple<ExitCase, Place>> {};

TEST_P(ExitTest, IsToldOnceWithItsStatus) {
  const auto& [c, place] = GetParam();
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  const int64_t from = BootNowNs();
  Child child({.place = place, .init = c.init, .cgroup = &cgroup}, c.deed);
  child.Go();
  const int status = child.Wait();
  const int64_t to = BootNowNs();
  const auto events = probes.Of(EventKind::kProcessExit, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kProcessExit, from, to);
  Facts last = child.facts();
  last.tid = events[0].process.tid;  // of whichever thread was the last
  ExpectProcess(events[0].process, last, &cgroup);
  const auto& exit = std::get<ProcessExit>(events[0].detail);
  EXPECT_EQ(exit.exit_code, WIFEXITED(status) ? WEXITSTATUS(status) : 0);
  EXPECT_EQ(exit.signal, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  EXPECT_FALSE(exit.core_dumped);
  EXPECT_EQ(exit.lifetime_ns,
            static_cast<uint64_t>(events[0].boot_ns) - events[0].process.start_boot_ns);
  EXPECT_LE(exit.lifetime_ns, static_cast<uint64_t>(to - from));
}

INSTANTIATE_TEST_SUITE_P(All, ExitTest,
                         ::testing::Combine(::testing::ValuesIn(kExits),
                                            ::testing::Values(Place::kHost, Place::kOwn)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  PlaceName(std::get<1>(info.param));
                         });

TEST(Exit, CoreFlagIsWhatTheParentSees) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, EndByCore);
  child.Go();
  const bool dumped = WEXITSTATUS(child.Wait()) != 0;
  const auto events = probes.Take([&](const Event& e) {
    return e.kind == EventKind::kProcessExit && e.process.parent_pid == child.facts().pid &&
           e.process.comm == "deed";
  });
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<ProcessExit>(events[0].detail).signal, SIGABRT);
  EXPECT_EQ(std::get<ProcessExit>(events[0].detail).core_dumped, dumped);
}

// All threads end at the same moment, and each finds that no other is alive. Where the kernel
// preempts programs (7.0) the end that is missed may be the last one; that is counted.
TEST(Exit, OfManyThreadsIsToldOnce) {
  constexpr int kProcesses = 100;
  Probes& probes = Probes::Shared();
  const uint64_t before = MissesOf(probes.set(), "exit");
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    for (int i = 0; i < kProcesses; ++i) {
      const pid_t pid = fork();
      if (pid == 0) {
        for (int t = 0; t < 16; ++t) std::thread([] { pause(); }).detach();
        _exit(3);
      }
      waitpid(pid, nullptr, 0);
    }
    return 0;
  });
  child.Run();
  const auto events = probes.Take([&](const Event& e) {
    return e.kind == EventKind::kProcessExit && e.process.cgroup == cgroup.key();
  });
  constexpr size_t kAll = kProcesses + 1;  // and the child itself
  const uint64_t missed = MissesOf(probes.set(), "exit") - before;
  EXPECT_LE(events.size(), kAll);
  EXPECT_GE(events.size() + missed, kAll);
  EXPECT_LT(missed, kAll * 16 / 20);  // of 1,701 ends; some four in an emulated machine under load
}

}  // namespace
}  // namespace nsobs
