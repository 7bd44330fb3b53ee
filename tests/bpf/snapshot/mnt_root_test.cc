// The section MNT of a real mount namespace.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/bpf/snapshot/reading.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class MntRootTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/nsobs-mnt-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    base_ = path;
    for (const char* name : {"full", "source", "ro", "shared", "hung"}) {
      std::filesystem::create_directory(base_ + "/" + name);
    }
    std::ofstream(base_ + "/source/file") << "12345";
  }
  void TearDown() override { std::filesystem::remove_all(base_); }

  std::string base_;
};

bool FillUp(const std::string& file) {
  const UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  char page[4096] = {};
  while (write(fd.get(), page, sizeof page) > 0) continue;
  return fd.ok() && errno == ENOSPC;
}

bool MakeMounts(const std::string& base) {
  const auto at = [&](const char* name) { return base + "/" + name; };
  return mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("small", at("full").c_str(), "tmpfs", MS_NOSUID, "size=64k,nr_inodes=10") == 0 &&
         FillUp(at("full/file")) &&
         mount(at("source").c_str(), at("ro").c_str(), nullptr, MS_BIND, nullptr) == 0 &&
         mount("", at("ro").c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0 &&
         mount("sh", at("shared").c_str(), "tmpfs", 0, "size=1m") == 0 &&
         mount("", at("shared").c_str(), nullptr, MS_SHARED, nullptr) == 0;
}

TEST_F(MntRootTest, ReadOnlyBindFullTmpfsAndPropagation) {
  const Contained contained(
      {.namespaces = CLONE_NEWNS, .inside = [this] { return MakeMounts(base_); }});
  Reading reading(contained);
  const SectionJson out = reading.Run(ReadMnt);
  struct stat st{};
  const std::string link = "/proc/" + std::to_string(contained.pid()) + "/ns/mnt";
  ASSERT_EQ(stat(link.c_str(), &st), 0);
  EXPECT_EQ(out["inode"], st.st_ino);
  const SectionJson full = RowWhere(out["mounts"], "mount_point", base_ + "/full");
  ASSERT_TRUE(full.is_object()) << out["mounts"];
  EXPECT_EQ(full["fstype"], "tmpfs");
  EXPECT_EQ(full["source"], "small");
  EXPECT_EQ(full["root"], "/");
  EXPECT_EQ(full["total_bytes"], 65536);
  EXPECT_EQ(full["free_bytes"], 0);
  EXPECT_EQ(full["inodes_free"], 8);
  EXPECT_EQ(full["propagation"], "private");
  EXPECT_EQ(full["options"][0], "rw");
  EXPECT_EQ(full["options"][1], "nosuid");
  const SectionJson ro = RowWhere(out["mounts"], "mount_point", base_ + "/ro");
  EXPECT_EQ(ro["options"][0], "ro");
  EXPECT_EQ(ro["super_options"][0], "rw");
  EXPECT_EQ(ro["root"], base_ + "/source");
  const SectionJson root = RowWhere(out["mounts"], "mount_point", "/");
  EXPECT_EQ(ro["parent"], root["id"]);
  EXPECT_THAT(RowWhere(out["mounts"], "mount_point", base_ + "/shared")["propagation"],
              StartsWith("shared:"));
  EXPECT_EQ(reading.Errors(), "");
}

TEST_F(MntRootTest, ThePathAsTheTargetSeesIt) {
  const Contained contained(
      {.namespaces = CLONE_NEWNS, .inside = [this] { return MakeMounts(base_); }});
  Reading reading(contained);
  reading.request.path = base_ + "/ro/file";
  EXPECT_EQ(reading.Run(ReadMnt)["path"]["read_only"], true);
  const SectionJson path = reading.Run(ReadMnt)["path"];
  EXPECT_EQ(path["exists"], true);
  EXPECT_EQ(path["size_bytes"], 5);
  EXPECT_EQ(path["mount_point"], base_ + "/ro");
  reading.request.path = base_ + "/full/file";
  EXPECT_EQ(reading.Run(ReadMnt)["path"]["fstype"], "tmpfs") << "only inside it is there";
  reading.request.path = base_ + "/shared/none";
  const SectionJson none = reading.Run(ReadMnt)["path"];
  EXPECT_EQ(none["errno_name"], "ENOENT");
  EXPECT_EQ(none["mount_point"], base_ + "/shared");
}

// T9: a FUSE mount whose server never answers; whoever touches it hangs until it is killed.
TEST_F(MntRootTest, AFilesystemThatNeverAnswers) {
  const auto mount_fuse = [this] {
    const int fuse = open("/dev/fuse", O_RDWR);
    const std::string options =
        "fd=" + std::to_string(fuse) + ",rootmode=40000,user_id=0,group_id=0";
    return mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("hung", (base_ + "/hung").c_str(), "fuse", 0, options.c_str()) == 0;
  };
  const Contained contained({.namespaces = CLONE_NEWNS, .inside = mount_fuse});
  Reading reading(contained);
  const absl::Time begin = absl::Now();
  for (const char* below : {"", "/file", "/a/../b", "/../hung/x"}) {
    reading.request.path = base_ + "/hung" + below;
    const SectionJson out = reading.Run(ReadMnt);
    const SectionJson row = RowWhere(out["mounts"], "mount_point", base_ + "/hung");
    EXPECT_EQ(row["fstype"], "fuse");
    EXPECT_EQ(row["total_bytes"], nullptr);
    EXPECT_FALSE(out["path"].contains("exists"));
    EXPECT_EQ(out["path"]["fstype"], "fuse");
  }
  EXPECT_THAT(reading.Errors(), HasSubstr("a filesystem of type fuse"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

// T3: the container swaps a folder for a link to a file of the host.
TEST_F(MntRootTest, ALinkThatLeadsOutStaysInside) {
  const Contained contained({.namespaces = CLONE_NEWNS, .inside = [this] {
                               return mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                                      chroot((base_ + "/source").c_str()) == 0;
                             }});
  Reading reading(contained);
  reading.request.path = "/file";
  // A root that is no mount point of its own has no row: nothing is looked at, and that is said.
  EXPECT_FALSE(reading.Run(ReadMnt)["path"].contains("exists"));
  EXPECT_THAT(reading.Errors(), HasSubstr("the path is not looked at"));
}

}  // namespace
}  // namespace nsobs
