#include "userspace/snapshot/safe_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace nsobs {
namespace {

// A root in a folder of its own, and a file beside it that nobody inside may reach.
class SafeFile : public ::testing::Test {
 protected:
  SafeFile() {
    char folder[] = "/tmp/nsobs-safe-XXXXXX";
    base_ = mkdtemp(folder);
    std::filesystem::create_directories(base_ / "root/etc");
    Write("canary", "of the host");
    Write("root/etc/inside", "inside");
    root_ = UniqueFd(open((base_ / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  ~SafeFile() override { std::filesystem::remove_all(base_); }

  void Write(const char* name, const std::string& text) { std::ofstream(base_ / name) << text; }
  void Link(const std::string& target, const char* name) {
    std::filesystem::create_symlink(target, base_ / name);
  }
  ContainerFiles Files() const { return ContainerFiles(root_.get(), "/proc/self/mountinfo"); }

  std::filesystem::path base_;
  UniqueFd root_;
};

TEST_F(SafeFile, ReadsWhatIsInside) {
  Link("../etc/./inside", "root/etc/link");
  Link("/etc", "root/other");
  for (const char* path :
       {"/etc/inside", "etc/inside", "/etc/link", "/other/link", "//other/../etc/inside"})
    EXPECT_EQ(Files().Read(path).value_or("?"), "inside") << path;
  EXPECT_EQ(Files().Read("/etc/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(Files().Read("").ok());
  EXPECT_FALSE(Files().Read("/etc").ok());
  EXPECT_EQ(Files().Read("/etc/inside", 5).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Files().Read("/etc/inside", 6).value_or("?"), "inside");
}

TEST_F(SafeFile, NothingLeadsOut) {
  Link("../../canary", "root/etc/a");
  Link((base_ / "canary").string(), "root/etc/b");
  Link("/proc/self/cwd", "root/etc/c");
  Link("../..", "root/etc/d");
  for (const char* path : {"/etc/a", "/etc/b", "/etc/c", "/etc/d/canary", "../canary", "/../canary",
                           "/etc/../../canary"})
    EXPECT_FALSE(Files().Read(path).ok()) << path;
}

TEST_F(SafeFile, TheLastLinkIsNotFollowedIfSo) {
  Link("inside", "root/etc/link");
  UniqueFd fd;
  ASSERT_EQ(Files().OpenPath("/etc/link", &fd, /*follow_last=*/false), 0);
  struct stat info;
  ASSERT_EQ(fstat(fd.get(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
}

TEST_F(SafeFile, ALinkThatIsSwappedMeanwhileLeadsNowhere) {
  Link((base_ / "canary").string(), "root/etc/evil");
  const std::string good = (base_ / "root/etc/inside").string();
  const std::string evil = (base_ / "root/etc/evil").string();
  std::atomic<bool> done = false;
  std::thread swapping([&] {
    while (!done) renameat2(AT_FDCWD, good.c_str(), AT_FDCWD, evil.c_str(), RENAME_EXCHANGE);
  });
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    const absl::StatusOr<std::string> text = Files().Read("/etc/inside");
    if (!text.ok()) continue;
    ++read;
    ASSERT_EQ(*text, "inside");
  }
  done = true;
  swapping.join();
  EXPECT_GT(read, 0);
}

TEST(Filesystems, OnlyThoseThatTheKernelAnswersFor) {
  for (const char* good : {"ext4", "overlay", "tmpfs", "xfs", "btrfs", "squashfs"})
    EXPECT_TRUE(IsLocalFilesystem(good)) << good;
  for (const char* bad : {"fuse", "fuse.sshfs", "fuseblk", "nfs", "nfs4", "cifs", "9p", "proc",
                          "sysfs", "autofs", "virtiofs", ""})
    EXPECT_FALSE(IsLocalFilesystem(bad)) << bad;
}

TEST(Filesystems, ProcfsIsKnownByItsMagic) {
  EXPECT_TRUE(CheckProcfs("/proc").ok());
  EXPECT_EQ(CheckProcfs("/tmp").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(CheckProcfs("/nonexistent").ok());
}

}  // namespace
}  // namespace nsobs
