#include "userspace/snapshot/mnt/path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/unit/snapshot_fs/fake_host.h"
#include "userspace/base/file.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;

// The fake host's folder as the root; the mounts are those of the machine, under names as a process
// chrooted there would not have them: only their ids matter.
class PathWalkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = UniqueFd(open(host_.folder().c_str(), O_PATH | O_DIRECTORY));
    ASSERT_TRUE(root_.ok());
    const auto text = ReadLines("/proc/self/mountinfo", 1 << 20);
    ASSERT_TRUE(text.ok());
    mounts_ = ParseMountinfo(text->text, 5000);
    for (Mount& mount : mounts_.mounts) mount.mount_point = "/elsewhere" + mount.mount_point;
  }

  WalkResult Walk(const std::string& path, SymlinkRule rule = SymlinkRule::kFollow) {
    return WalkPath(root_.get(), path, mounts_, Caution::kTrusted, rule);
  }
  std::string Content(const std::string& path) {
    const auto text = ReadWalked(Walk(path), Caution::kTrusted, 64 << 10);
    return text.ok() ? *text : std::string(text.status().ToString());
  }

  FakeHost host_;
  UniqueFd root_;
  MountTable mounts_;
};

TEST_F(PathWalkTest, FindsFilesAndFolders) {
  host_.Write("etc/app/a.conf", "hello");
  EXPECT_EQ(Content("/etc/app/a.conf"), "hello");
  EXPECT_EQ(Content("etc//./app/../app/a.conf"), "hello");
  const WalkResult root = Walk("/");
  EXPECT_TRUE(root.fd.ok());
  EXPECT_EQ(root.path, "/");
  EXPECT_EQ(Walk("/../../..").path, "/");
}

TEST_F(PathWalkTest, SaysWhatTheProcessWouldSee) {
  host_.Write("etc/file", "");
  host_.Link("etc/loop", "loop");
  EXPECT_EQ(Walk("/etc/none").error, ENOENT);
  EXPECT_EQ(Walk("/etc/file/below").error, ENOTDIR);
  EXPECT_EQ(Walk("/etc/loop").error, ELOOP);
  EXPECT_EQ(Walk("/" + std::string(300, 'x')).error, ENAMETOOLONG);
  EXPECT_EQ(Walk(std::string("/etc\0/file", 10)).error, EINVAL);
  EXPECT_EQ(Walk("/etc/none/x").path, "/etc") << "where it ended";
  ASSERT_NE(Walk("/etc/none").mount, nullptr);
}

TEST_F(PathWalkTest, LinksStayInsideTheRoot) {
  host_.Write("etc/passwd", "inside");
  host_.Link("absolute", "/etc/passwd");
  host_.Link("up", "../../../../../etc/passwd");
  host_.Link("folder", "/etc/");
  host_.Link("a/b/relative", "../../etc/passwd");
  EXPECT_EQ(Content("/absolute"), "inside");
  EXPECT_EQ(Content("/up"), "inside");
  EXPECT_EQ(Content("/folder/passwd"), "inside");
  EXPECT_EQ(Content("/a/b/relative"), "inside");
  EXPECT_EQ(Walk("/a/b/relative").path, "/etc/passwd");
}

TEST_F(PathWalkTest, OnlyLinksOfTheSystemIfAskedTo) {
  host_.Write("run/x", "1");
  host_.Link("var/run", "/run");
  host_.Link("home/evil", "/run");
  EXPECT_TRUE(Walk("/var/run/x", SymlinkRule::kSystemOnly).fd.ok());
  const WalkResult refused = Walk("/home/evil/x", SymlinkRule::kSystemOnly);
  EXPECT_TRUE(refused.refused);
  EXPECT_THAT(refused.refusal, HasSubstr("/home"));
}

TEST_F(PathWalkTest, LinksThatMultiplyEnd) {
  std::string deep;
  for (int i = 0; i < 400; ++i) deep += "./d/../";
  host_.MakeFolder("d");
  host_.Link("l", deep + "l2");
  host_.Link("l2", deep + "l3");
  EXPECT_EQ(Walk("/l").error, ENAMETOOLONG);
}

TEST_F(PathWalkTest, ReadsRegularFilesOnly) {
  ASSERT_EQ(mkfifo(host_.Path("fifo").c_str(), 0600), 0);
  host_.MakeFolder("folder");
  EXPECT_THAT(Content("/fifo"), HasSubstr("FAILED_PRECONDITION"));
  EXPECT_THAT(Content("/folder"), HasSubstr("FAILED_PRECONDITION"));
  host_.Write("sparse", "");
  std::error_code error;
  std::filesystem::resize_file(host_.Path("sparse"), 10ull << 30, error);
  ASSERT_FALSE(error);
  EXPECT_THAT(Content("/sparse"), HasSubstr("RESOURCE_EXHAUSTED"));
}

TEST_F(PathWalkTest, NeverLooksBehindAMountThatMayHang) {
  host_.MakeFolder("data/sub");
  for (const char* type : {"fuse.sshfs", "nfs4", "9p", "cifs", "autofs", "ceph"}) {
    Mount mount;
    mount.id = 999'999;
    mount.mount_point = "/data";
    mount.fstype = type;
    mounts_.mounts.push_back(mount);
    const WalkResult result = Walk("/data/sub/file");
    EXPECT_TRUE(result.refused);
    EXPECT_FALSE(result.fd.ok());
    ASSERT_NE(result.mount, nullptr);
    EXPECT_EQ(result.mount->fstype, type);
    mounts_.mounts.pop_back();
  }
}

TEST_F(PathWalkTest, ALimitOfTheReaderIsNotAnErrorOfTheTarget) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "/d";
  host_.Write(deep.substr(1) + "/file", "x");
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit few = {64, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const WalkResult result = Walk(deep + "/file");
  setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_EQ(result.error, 0);
  EXPECT_EQ(result.refusal, "EMFILE");
  EXPECT_TRUE(Walk(deep + "/file").fd.ok());
}

TEST_F(PathWalkTest, RefusesAMountThatIsNotInTheTable) {
  mounts_.mounts.clear();
  EXPECT_TRUE(Walk("/").refused);
}

TEST_F(PathWalkTest, AnOverlayOfTheContainerIsLookedAtInTheCacheOnly) {
  EXPECT_TRUE(AnswersFromKernel("overlay", Caution::kTrusted));
  EXPECT_FALSE(AnswersFromKernel("overlay", Caution::kOwnMounts));
  host_.Write("etc/file", "x");
  for (Mount& mount : mounts_.mounts) mount.fstype = "overlay";  // as if it were one
  const WalkResult known =
      WalkPath(root_.get(), "/etc/file", mounts_, Caution::kOwnMounts, SymlinkRule::kFollow);
  EXPECT_TRUE(known.fd.ok()) << "just written: the kernel knows it";
  EXPECT_FALSE(ReadWalked(known, Caution::kOwnMounts, 100).ok()) << "its content may be anywhere";
}

// T3: a link to the outside is swapped in and out while the file is read.
TEST_F(PathWalkTest, ASwapNeverLeadsOutside) {
  FakeHost outside;
  outside.Write("secret/file", "canary");
  host_.Write("spot/file", "inside");
  host_.Link("evil", outside.Path("secret"));
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) {
      syscall(SYS_renameat2, AT_FDCWD, host_.Path("spot").c_str(), AT_FDCWD,
              host_.Path("evil").c_str(), RENAME_EXCHANGE);
    }
  });
  int inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string content = Content("/spot/file");
    ASSERT_NE(content, "canary");
    inside += content == "inside" ? 1 : 0;
  }
  stop = true;
  swapper.join();
  EXPECT_GT(inside, 0);
}

}  // namespace
}  // namespace nsobs
