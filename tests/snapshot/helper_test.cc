// The helper and its children: what they hold, what they may do, and how they end.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <thread>

#include "absl/strings/match.h"
#include "tests/snapshot/lab.h"
#include "tests/snapshot/silent_fuse.h"
#include "userspace/base/file.h"
#include "userspace/snapshot/process_identity.h"
#include "userspace/snapshot/sandbox.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A number that a test and the children of a helper share.
class SharedFlag {
 public:
  SharedFlag()
      : value_(new(mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0)) std::atomic<int>(0)) {}
  std::atomic<int>* get() const { return value_; }

 private:
  std::atomic<int>* value_;
};

std::unique_ptr<Snapshotter> StartWith(std::function<void()> before_child) {
  absl::StatusOr<std::unique_ptr<Snapshotter>> started =
      StartSnapshotter({.before_child = std::move(before_child)});
  EXPECT_TRUE(started.ok()) << started.status();
  return std::move(*started);
}

uint32_t HelperOf(const Snapshotter& s) { return static_cast<uint32_t>(s.helper_pid()); }

// A zombie that nobody has waited for is gone, too.
bool IsGone(pid_t pid) {
  const std::string status =
      ReadSmallFile("/proc/" + std::to_string(pid) + "/status", 65536).value_or("");
  return status.empty() || status.find("\nState:\tZ") != std::string::npos;
}

uint32_t WaitForChildOf(uint32_t pid) {
  for (int i = 0; i < 1000; ++i) {
    const std::vector<uint32_t> children = ChildrenOf(pid);
    if (!children.empty()) return children.back();
    usleep(5000);
  }
  ADD_FAILURE() << "no child";
  return 0;
}

TEST(Helper, HoldsNothingOfTheObserver) {
  const int leak = open("/etc/hostname", O_RDONLY);  // not close-on-exec
  const Inhabitant inhabitant("true");
  const SharedFlag asleep;
  const std::unique_ptr<Snapshotter> snapshotter = StartWith([&] {
    *asleep.get() = 1;
    pause();
  });
  const uint32_t helper = HelperOf(*snapshotter);
  SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
  request.deadline = absl::Seconds(1);
  std::thread taking([&] {
    EXPECT_EQ(snapshotter->Take(request).status().code(), absl::StatusCode::kDeadlineExceeded);
  });
  const uint32_t child = WaitForChildOf(helper);
  while (*asleep.get() == 0) usleep(1000);
  EXPECT_THAT(DescriptorsOf(child), ElementsAre("0 -> /dev/null", "1 -> /dev/null",
                                                "2 -> /dev/null", HasSubstr(" -> pipe:")));
  const std::string status =
      ReadSmallFile("/proc/" + std::to_string(child) + "/status", 65536).value_or("");
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000281004"));  // the four of DropPrivileges
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(status, HasSubstr("Threads:\t1"));
  taking.join();
  EXPECT_THAT(DescriptorsOf(helper),
              ElementsAre("0 -> /dev/null", "1 -> /dev/null", "2 -> /dev/null", "3 -> socket:"));
  const auto zygote = static_cast<uint32_t>(snapshotter->zygote_pid());
  EXPECT_THAT(ChildrenOf(zygote), ElementsAre(helper));
  EXPECT_THAT(DescriptorsOf(zygote),
              ElementsAre("0 -> /dev/null", "1 -> /dev/null", "2 -> /dev/null", "3 -> socket:"));
  const std::string zygote_status =
      ReadSmallFile("/proc/" + std::to_string(zygote) + "/status", 65536).value_or("");
  EXPECT_THAT(zygote_status, HasSubstr("CapEff:\t0000000000281004"));
  EXPECT_THAT(zygote_status, HasSubstr("Threads:\t1"));
  close(leak);
}

TEST(Helper, EndsAChildAtTheDeadlineAndGoesOn) {
  const Inhabitant inhabitant("true");
  const SharedFlag runs;
  const std::unique_ptr<Snapshotter> snapshotter = StartWith([&] {
    if ((*runs.get())++ == 0) pause();
  });
  SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
  request.deadline = absl::Milliseconds(200);
  const absl::Time begin = absl::Now();
  EXPECT_EQ(snapshotter->Take(request).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
  request.deadline = absl::Seconds(10);
  EXPECT_TRUE(snapshotter->Take(request).ok());
}

TEST(Helper, TellsThatAChildDied) {
  const Inhabitant inhabitant("true");
  const SharedFlag runs;
  const std::unique_ptr<Snapshotter> snapshotter = StartWith([&] {
    if ((*runs.get())++ == 0) raise(SIGKILL);
  });
  const SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
  const absl::Status status = snapshotter->Take(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("SIGKILL"));
  EXPECT_TRUE(snapshotter->Take(request).ok());
}

// By another one, with the same few things in its hands.
TEST(Helper, IsReplacedAfterItsDeath) {
  const Inhabitant inhabitant("true");
  const std::unique_ptr<Snapshotter> snapshotter = StartWith(nullptr);
  const SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
  EXPECT_TRUE(snapshotter->Take(request).ok());
  const uint32_t first = HelperOf(*snapshotter);
  sleep(1);
  kill(static_cast<pid_t>(first), SIGKILL);
  usleep(100'000);  // until its socket hangs up
  const absl::StatusOr<Json> record = snapshotter->Take(request);
  EXPECT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(snapshotter->helper_restarts(), 1u);
  const uint32_t second = HelperOf(*snapshotter);
  EXPECT_NE(second, first);
  EXPECT_THAT(ChildrenOf(static_cast<uint32_t>(snapshotter->zygote_pid())), ElementsAre(second));
  EXPECT_THAT(DescriptorsOf(second),
              ElementsAre("0 -> /dev/null", "1 -> /dev/null", "2 -> /dev/null", "3 -> socket:"));
  // One that dies again and again is not begun again and again.
  kill(static_cast<pid_t>(second), SIGKILL);
  usleep(100'000);
  EXPECT_EQ(snapshotter->Take(request).status().code(), absl::StatusCode::kUnavailable);
  sleep(1);
  EXPECT_TRUE(snapshotter->Take(request).ok());
  EXPECT_EQ(snapshotter->helper_restarts(), 2u);
}

// The look that is under way is lost, and told so; the next one works.
TEST(Helper, DiesInTheMiddleOfALook) {
  const Inhabitant inhabitant("true");
  const SharedFlag runs;
  const std::unique_ptr<Snapshotter> snapshotter = StartWith([&] {
    if ((*runs.get())++ == 0) {
      kill(getppid(), SIGKILL);
      pause();
    }
  });
  sleep(1);
  const SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
  EXPECT_EQ(snapshotter->Take(request).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(snapshotter->Take(request).ok());
  EXPECT_EQ(snapshotter->helper_restarts(), 1u);
}

// Also when nobody looks; and each end is told once, with how it came.
TEST(Helper, ItsEndIsNoticedAndTold) {
  std::vector<HelperEnd> told;
  SnapshotterOptions options;
  options.replaced = [&](const HelperEnd& end) { told.push_back(end); };
  const auto started = StartSnapshotter({}, std::move(options));
  ASSERT_TRUE(started.ok()) << started.status();
  Snapshotter& snapshotter = **started;
  EXPECT_TRUE(snapshotter.Mend().ok());
  EXPECT_TRUE(told.empty());
  const uint32_t first = HelperOf(snapshotter);
  sleep(1);
  kill(static_cast<pid_t>(first), SIGKILL);
  for (int i = 0; i < 400 && told.empty(); ++i) {
    usleep(5000);
    snapshotter.Mend().IgnoreError();
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(snapshotter.Mend().ok());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].process, "snapshot");
  EXPECT_EQ(told[0].reason, "killed");
  EXPECT_EQ(told[0].text, "killed by signal 9");
  EXPECT_NE(HelperOf(snapshotter), first);
  EXPECT_EQ(snapshotter.helper_restarts(), 1u);
}

TEST(Helper, WithoutTheZygoteThereIsNoOther) {
  const Inhabitant inhabitant("true");
  const std::unique_ptr<Snapshotter> snapshotter = StartWith(nullptr);
  const auto helper = static_cast<pid_t>(HelperOf(*snapshotter));
  const SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
  sleep(1);
  kill(snapshotter->zygote_pid(), SIGKILL);
  for (int i = 0; i < 400 && !IsGone(helper); ++i) usleep(5000);
  EXPECT_TRUE(IsGone(helper)) << "a helper outlives its zygote";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(snapshotter->Take(request).status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(snapshotter->Mend().code(), absl::StatusCode::kUnavailable);
  }
}

TEST(Helper, AllEndWithTheSnapshotter) {
  std::unique_ptr<Snapshotter> snapshotter = StartWith(nullptr);
  const pid_t helper = snapshotter->helper_pid(), zygote = snapshotter->zygote_pid();
  snapshotter.reset();
  EXPECT_TRUE(IsGone(zygote));
  EXPECT_TRUE(IsGone(helper));
}

TEST(Helper, ChildrenThatHangInTheKernelAreCountedAndLimited) {
  auto fuse = std::make_unique<SilentFuse>();
  const std::string file = fuse->path() + "/x";
  const Inhabitant a("true"), b("true"), c("true");
  const SharedFlag runs;
  const std::unique_ptr<Snapshotter> snapshotter = StartWith([&] {
    struct stat info;
    if ((*runs.get())++ < 2) stat(file.c_str(), &info);
  });
  const auto take = [&](const Inhabitant& inhabitant) {
    SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
    request.deadline = absl::Milliseconds(300);
    return snapshotter->Take(request).status();
  };
  EXPECT_EQ(take(a).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(take(a).code(), absl::StatusCode::kUnavailable);  // this target hangs
  EXPECT_THAT(std::string(take(b).message()), HasSubstr("hangs in the kernel (2 do)"));
  EXPECT_EQ(take(c).code(), absl::StatusCode::kUnavailable);  // two are enough
  fuse.reset();
  usleep(300'000);
  SnapshotRequest request = RequestFor(a, {Section::kNet});
  EXPECT_TRUE(snapshotter->Take(request).ok());
}

// Each bridge is taken apart under RTNL, with a wait for RCU.
TEST(Helper, WhoHoldsTheLockOfNetworksIsNamedAsTheReason) {
  const Inhabitant looked_at("true");
  auto full = std::make_unique<Inhabitant>(
      "i=0; while [ $i -lt 400 ]; do echo link add b$i type bridge; i=$((i+1)); done | ip -b -");
  const std::unique_ptr<Snapshotter> snapshotter = StartWith(nullptr);
  full.reset();
  SnapshotRequest request = RequestFor(looked_at, {Section::kNet});
  request.deadline = absl::Milliseconds(50);
  std::string said;
  for (int i = 0; i < 100 && !absl::StrContains(said, "RTNL"); ++i) {
    const absl::StatusOr<Json> record = snapshotter->Take(request);
    said = record.ok() ? (*record)["errors"].dump() : std::string(record.status().message());
    usleep(20'000);
  }
  EXPECT_THAT(said, HasSubstr("somebody holds the lock of all network namespaces (RTNL)"));
  request.deadline = absl::Seconds(5);
  bool whole = false;
  for (int i = 0; i < 600 && !whole; ++i) {  // the lock is given back
    const absl::StatusOr<Json> record = snapshotter->Take(request);
    whole = record.ok() && (*record)["net"].contains("links");
    said = record.ok() ? (*record)["errors"].dump() : std::string(record.status().message());
    if (!whole) usleep(100'000);
  }
  EXPECT_TRUE(whole) << said;
}

TEST(Target, AnotherProcessWithItsPidIsNotFound) {
  const Inhabitant inhabitant("true");
  SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
  request.target.start_boot_ns -= 50'000'000;
  const absl::Status status = SharedSnapshotter().Take(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another process"));
}

TEST(Target, OneThatEndedIsReadThroughItsNamespaceOrItsInit) {
  Inhabitant inhabitant("ip link add kept type bridge");
  const Inhabitant other("true");
  SnapshotRequest request = RequestFor(inhabitant, {Section::kNet});
  request.namespaces[NamespaceKind::kNet].inode = inhabitant.net_inode();
  const std::string ns = "/proc/" + std::to_string(inhabitant.pid()) + "/ns/net";
  const UniqueFd held(open(ns.c_str(), O_RDONLY | O_CLOEXEC));

  SnapshotRequest by_init = request;
  by_init.target = {4'000'000, 1};  // no pid is that high
  by_init.init_pid = inhabitant.pid();
  absl::StatusOr<Json> record = SharedSnapshotter().Take(by_init);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_NE(Find((*record)["net"]["links"], "name", "kept"), nullptr);
  EXPECT_THAT((*record)["errors"].dump(), HasSubstr("was looked at instead"));
  by_init.init_pid = other.pid();  // lives elsewhere
  EXPECT_EQ(SharedSnapshotter().Take(by_init).status().code(), absl::StatusCode::kNotFound);

  inhabitant.Kill();
  EXPECT_EQ(SharedSnapshotter().Take(request).status().code(), absl::StatusCode::kNotFound);
  request.net_fd = held.get();
  record = SharedSnapshotter().Take(request);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_NE(Find((*record)["net"]["links"], "name", "kept"), nullptr);
  EXPECT_EQ((*record)["target"]["alive"], false);
}

TEST(Target, ExitsWhileItIsLookedAt) {
  for (int delay_us = 0; delay_us < 8000; delay_us += 1000) {
    Inhabitant inhabitant("true");
    const SnapshotRequest request = RequestFor(inhabitant, {Section::kNet, Section::kHostNet});
    std::thread killer([&] {
      usleep(static_cast<useconds_t>(delay_us));
      inhabitant.Kill();
    });
    const absl::StatusOr<Json> record = SharedSnapshotter().Take(request);
    killer.join();
    EXPECT_TRUE(record.ok() || absl::IsNotFound(record.status())) << record.status();
  }
}

// Runs `deed` behind the filter and returns the wait status.
int BehindTheFilter(const std::function<int()>& deed) {
  const absl::StatusOr<SyscallFilter> filter = SyscallFilter::Build();
  EXPECT_TRUE(filter.ok()) << filter.status();
  const pid_t pid = fork();
  if (pid == 0) _exit(DropPrivileges().ok() && filter->Apply().ok() ? deed() : 99);
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

TEST(Filter, NothingIsWritten) {
  const int status = BehindTheFilter([] {
    const auto refused = [](long result) { return result < 0 && errno == EPERM; };
    int wrong = 0;
    wrong += !refused(open("/tmp/nsobs-filter", O_WRONLY | O_CREAT, 0600));
    wrong += !refused(open("/dev/null", O_RDWR));
    wrong += !refused(open("/proc/self/comm", O_WRONLY));
    wrong += !refused(unlink("/tmp/nsobs-filter"));
    wrong += !refused(mkdir("/tmp/nsobs-filter", 0700));
    wrong += !refused(socket(AF_INET, SOCK_STREAM, 0));
    wrong += !refused(socket(AF_UNIX, SOCK_STREAM, 0));
    open_how how{};
    how.flags = O_RDWR;
    wrong += !refused(syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, sizeof how));
    wrong += !refused(reinterpret_cast<long>(
        mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    wrong += !(open("/proc/self/stat", O_RDONLY) >= 0);
    return wrong;
  });
  EXPECT_EQ(status, 0) << WEXITSTATUS(status);
}

TEST(Filter, SomeCallsAreDeadly) {
  for (const long call : {SYS_execve, SYS_ptrace, SYS_mount, SYS_unshare, SYS_bpf, SYS_kill}) {
    const int status = BehindTheFilter([call] {
      syscall(call, nullptr, nullptr, nullptr, nullptr, nullptr);
      return 0;
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << call;
  }
}

}  // namespace
}  // namespace nsobs
