// Calls on files that fail: each once, with path, flags and errno; and who is watched.
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr char kRoot[] = "/tmp";  // covered by a tmpfs of the child's own

// In the child's own mount namespace: /tmp is a read-only tmpfs with a file, or a full one.
bool MountTmp(const char* options, unsigned long flags) {
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (mount("nsobs", kRoot, "tmpfs", 0, options) != 0) return false;
  UniqueFd file(open("/tmp/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  if (!file.ok()) return false;
  file.reset();  // a file that is open for writing would keep it writable
  return mount("none", kRoot, nullptr, MS_REMOUNT | flags, options) == 0;
}

struct FileCase {
  const char* name;
  long (*deed)();
  const char* operation;
  int error;
  const char* path;
  uint64_t flags;
  const char* source = "caller";
};

long OpenAt2() {
  open_how how{};
  how.flags = O_WRONLY | O_CREAT;
  how.mode = 0600;
  return syscall(SYS_openat2, AT_FDCWD, "/tmp/new2", &how, sizeof how);
}
long OpenLoop() { return open("/proc/self/exe", O_RDONLY | O_NOFOLLOW); }

const FileCase kReadOnly[] = {
#ifdef SYS_open  // architectures since 2011 have only the calls with a folder: asm-generic/unistd.h
    {"Open", [] { return syscall(SYS_open, "/tmp/new", O_WRONLY | O_CREAT, 0600); }, "open", EROFS,
     "/tmp/new", O_WRONLY | O_CREAT},
    {"Creat", [] { return syscall(SYS_creat, "/tmp/new", 0600); }, "open", EROFS, "/tmp/new", 0},
    {"Mkdir", [] { return syscall(SYS_mkdir, "/tmp/dir", 0700); }, "mkdir", EROFS, "/tmp/dir", 0},
    {"Unlink", [] { return syscall(SYS_unlink, "/tmp/file"); }, "unlink", EROFS, "/tmp/file", 0},
    {"Rmdir", [] { return syscall(SYS_rmdir, "/tmp/dir"); }, "unlink", EROFS, "/tmp/dir", 0},
    {"Rename", [] { return syscall(SYS_rename, "/tmp/file", "/tmp/b"); }, "rename", EROFS,
     "/tmp/file", 0},
#endif
    {"Openat", [] { return syscall(SYS_openat, AT_FDCWD, "/tmp/file", O_RDWR, 0); }, "open", EROFS,
     "/tmp/file", O_RDWR},
    {"Openat2", OpenAt2, "open", EROFS, "/tmp/new2", O_WRONLY | O_CREAT},
    {"Loop", OpenLoop, "open", ELOOP, "/proc/self/exe", O_NOFOLLOW},
    {"Mkdirat", [] { return syscall(SYS_mkdirat, AT_FDCWD, "/tmp/dir", 0700); }, "mkdir", EROFS,
     "/tmp/dir", 0},
    {"Unlinkat", [] { return syscall(SYS_unlinkat, AT_FDCWD, "/tmp/file", 0); }, "unlink", EROFS,
     "/tmp/file", 0},
    {"Renameat", [] { return syscall(SYS_renameat, AT_FDCWD, "/tmp/file", AT_FDCWD, "/tmp/b"); },
     "rename", EROFS, "/tmp/file", 0},
    {"Renameat2",
     [] { return syscall(SYS_renameat2, AT_FDCWD, "/tmp/file", AT_FDCWD, "/tmp/b", 0); }, "rename",
     EROFS, "/tmp/file", 0},
};

void ExpectFailure(const Event& event, const FileCase& c) {
  const auto& failure = std::get<FileFailure>(event.detail);
  EXPECT_EQ(Name(failure.operation), c.operation);
  EXPECT_EQ(failure.error, c.error);
  EXPECT_EQ(failure.path, c.path);
  EXPECT_EQ(failure.flags & ~uint64_t{__O_LARGEFILE | O_CLOEXEC}, c.flags);
  EXPECT_EQ(Name(failure.path_source), c.source);
  EXPECT_FALSE(failure.truncated);
}

class ReadOnlyTest : public ::testing::TestWithParam<FileCase> {};

TEST_P(ReadOnlyTest, IsToldOnce) {
  const FileCase& c = GetParam();
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = Place::kOwn, .cgroup = &cgroup}, [&c](Line&) {
    if (!MountTmp("size=64k", MS_RDONLY)) return 1;
    return c.deed() == -1 && errno == c.error ? 0 : 2;
  });
  const int64_t from_ns = BootNowNs();
  child.Run();
  const auto events = probes.Of(EventKind::kFileFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kFileFailure, from_ns, BootNowNs());
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  ExpectFailure(events[0], c);
  const int operation = static_cast<int>(std::get<FileFailure>(events[0].detail).operation);
  EXPECT_THAT(CountsOf(probes, CounterFamily::kFileFailure, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(operation, c.error), 1)));
}

INSTANTIATE_TEST_SUITE_P(All, ReadOnlyTest, ::testing::ValuesIn(kReadOnly),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(FileFailureTest, AWriteToAFullFileSystem) {
  Probes& probes = Probes::Shared();
  Child child({.place = Place::kOwn}, [](Line&) {
    if (!MountTmp("size=8k", 0)) return 1;
    UniqueFd fd(open("/tmp/file", O_WRONLY | O_CLOEXEC));
    char page[4096] = {};
    for (int i = 0; i < 8; ++i) {
      if (write(fd.get(), page, sizeof page) < 0) return errno == ENOSPC ? 0 : 2;
    }
    return 3;
  });
  child.Run();
  const auto events = probes.Of(EventKind::kFileFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectFailure(events[0], {"", nullptr, "write", ENOSPC, "file", 0, "kernel"});
}

// On the host, as somebody without rights.
TEST(FileFailureTest, NotPermittedOnTheHost) {
  Probes& probes = Probes::Shared();
  Child child({.uid = 65534}, [](Line&) {
    if (open("/etc/shadow", O_RDONLY | O_CLOEXEC) != -1 || errno != EACCES) return 1;
    if (mount("none", "/mnt", "tmpfs", MS_NOSUID, nullptr) != -1 || errno != EPERM) return 2;
    return open("/etc/no-such-file", O_RDONLY | O_CLOEXEC) == -1 ? 0 : 3;  // is not told
  });
  child.Run();
  const auto events = probes.Of(EventKind::kFileFailure, child.facts());
  ASSERT_EQ(events.size(), 2u);
  ExpectProcess(events[0].process, child.facts(), nullptr);
  ExpectFailure(events[0], {"", nullptr, "open", EACCES, "/etc/shadow", 0});
  ExpectFailure(events[1], {"", nullptr, "mount", EPERM, "/mnt", MS_NOSUID});
}

// Of what is missing: the first ones of a mount namespace that is not the host's, where no linker
// looks; what is left out is not counted either.
TEST(FileFailureTest, MissingFilesOfAContainerAFew) {
  constexpr size_t kTold = 128;  // MISSING_BURST
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = Place::kOwn, .cgroup = &cgroup}, [](Line&) {
    if (!MountTmp("size=64k", 0)) return 1;
    for (const char* path : {"/usr/lib/none.so.1", "/lib/none", "/proc/none", "/sys/none",
                             "/dev/none", "/etc/ld.so.none", "relative/none"}) {
      if (open(path, O_RDONLY | O_CLOEXEC) != -1 || errno != ENOENT) return 2;
    }
    for (int i = 0; i < 1000; ++i) {
      if (open("/tmp/no-such-file", O_RDONLY | O_CLOEXEC) != -1 || errno != ENOENT) return 3;
    }
    return 0;
  });
  child.Run();
  size_t told = 0;
  for (const Event& event : probes.Of(EventKind::kFileFailure, child.facts())) {
    ExpectFailure(event, {"", nullptr, "open", ENOENT, "/tmp/no-such-file", 0});
    ++told;
  }
  EXPECT_GT(told, 0u);
  EXPECT_LE(told, kTold + 1) << "one more each 5 s";
  EXPECT_THAT(CountsOf(probes, CounterFamily::kFileFailure, cgroup, child.facts()),
              ::testing::IsEmpty());
}

TEST(FileFailureTest, ALongPathIsCutAndSaysSo) {
  Probes& probes = Probes::Shared();
  for (const size_t size : {255u, 256u, 1000u}) {
    Child child({.place = Place::kOwn}, [size](Line&) {
      if (!MountTmp("size=64k", MS_RDONLY)) return 1;
      std::string path = "/tmp/";
      while (path.size() + 2 < size) path += "./";
      path.resize(size, 'x');
      return open(path.c_str(), O_WRONLY | O_CREAT, 0600) == -1 && errno == EROFS ? 0 : 2;
    });
    child.Run();
    const auto events = probes.Of(EventKind::kFileFailure, child.facts());
    ASSERT_EQ(events.size(), 1u) << size;
    const auto& failure = std::get<FileFailure>(events[0].detail);
    EXPECT_EQ(failure.path.size(), 255u);
    EXPECT_EQ(failure.truncated, size > 255) << size;
  }
}

// Only the watched cgroups, and those below them.
TEST(FileFailureTest, OnlyWhoIsWatched) {
  Probes probes({.files = true, .files_watched = true}, TestSettings());
  probes.StartDraining();
  Cgroup watched(Hierarchy::kUnified), other(Hierarchy::kUnified);
  const auto fail_in = [&](const Cgroup& cgroup) {
    Child child({.place = Place::kOwn, .cgroup = &cgroup, .uid = 0}, [](Line&) {
      if (!MountTmp("size=64k", MS_RDONLY)) return 1;
      return mkdir("/tmp/dir", 0700) == -1 && errno == EROFS ? 0 : 2;
    });
    child.Run();
    return probes.Of(EventKind::kFileFailure, child.facts()).size();
  };
  EXPECT_EQ(fail_in(watched), 0u);
  ASSERT_TRUE(probes.set().WatchCgroups({watched.key()}).ok());
  EXPECT_EQ(fail_in(watched), 1u);
  EXPECT_EQ(fail_in(other), 0u);
  // An id is one within its hierarchy only.
  const CgroupKey namesake{watched.key().id, watched.key().hierarchy + 1};
  ASSERT_TRUE(probes.set().WatchCgroups({namesake}).ok());
  EXPECT_EQ(fail_in(watched), 0u);
  ASSERT_TRUE(probes.set().WatchCgroups({other.key()}).ok());
  EXPECT_EQ(fail_in(watched), 0u);
  EXPECT_EQ(fail_in(other), 1u);
}

}  // namespace
}  // namespace nsobs
