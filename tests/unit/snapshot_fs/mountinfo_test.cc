#include "userspace/snapshot/mnt/mountinfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(MountinfoTest, ReadsEveryField) {
  const MountTable table = ParseMountinfo(
      "36 35 98:0 /mnt1 /mnt2 ro,noatime master:1 - ext3 /dev/root rw,errors=continue\n", 10);
  ASSERT_THAT(table.mounts, SizeIs(1));
  const Mount& mount = table.mounts[0];
  EXPECT_EQ(mount.id, 36);
  EXPECT_EQ(mount.parent, 35);
  EXPECT_EQ(mount.root, "/mnt1");
  EXPECT_EQ(mount.mount_point, "/mnt2");
  EXPECT_EQ(mount.fstype, "ext3");
  EXPECT_EQ(mount.source, "/dev/root");
  EXPECT_THAT(mount.options, ElementsAre("ro", "noatime"));
  EXPECT_THAT(mount.super_options, ElementsAre("rw", "errors=continue"));
  EXPECT_EQ(mount.propagation, "slave:1");
  EXPECT_TRUE(IsReadOnly(mount));
  EXPECT_EQ(OptionValue(mount.super_options, "errors"), "continue");
  EXPECT_EQ(table.malformed, 0);
  EXPECT_FALSE(table.truncated);
}

TEST(MountinfoTest, Propagation) {
  const std::string rest = " - tmpfs t rw\n";
  const auto table =
      ParseMountinfo(absl::StrCat("1 0 0:1 / /a rw", rest, "2 0 0:1 / /b rw shared:7", rest,
                                  "3 0 0:1 / /c rw shared:8 master:2", rest,
                                  "4 0 0:1 / /d rw master:2 propagate_from:1", rest,
                                  "5 0 0:1 / /e rw unbindable", rest),
                     10);
  std::vector<std::string> got;
  for (const Mount& mount : table.mounts) got.push_back(mount.propagation);
  EXPECT_THAT(got, ElementsAre("private", "shared:7", "shared:8 slave:2",
                               "slave:2 propagate_from:1", "unbindable"));
}

TEST(MountinfoTest, UndoesOctalEscapesOnly) {
  const auto table = ParseMountinfo(
      "1 0 0:1 / /a\\040b\\011c\\012d\\134040\\9\\04 rw - tmpfs \\043s rw\n"
      "2 0 0:1 / /end\\04 rw - tmpfs  rw\n",
      10);
  ASSERT_THAT(table.mounts, SizeIs(2));
  EXPECT_EQ(table.mounts[0].mount_point, "/a b\tc\nd\\040\\9\\04");
  EXPECT_EQ(table.mounts[0].source, "#s");
  EXPECT_EQ(table.mounts[1].source, "") << "a source may be empty";
}

TEST(MountinfoTest, LeavesOutWhatIsMalformed) {
  const auto table = ParseMountinfo(
      "\nx\n1 0 0:1 / /a rw\n1 0 0:1 / /a rw - tmpfs\nx 0 0:1 / /a rw - tmpfs s rw\n"
      "1 0 0:1 / /a rw - tmpfs s",
      10);
  EXPECT_THAT(table.mounts, SizeIs(1));  // the last: options of a filesystem may be missing
  EXPECT_EQ(table.malformed, 5);
}

TEST(MountinfoTest, CutsAtTheCap) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    absl::StrAppend(&text, i, " 0 0:1 / /m/", i, " rw - tmpfs t rw\n");
  }
  const auto table = ParseMountinfo(text, 2000);
  EXPECT_THAT(table.mounts, SizeIs(2000));
  EXPECT_TRUE(table.truncated);
}

TEST(MountinfoTest, TheLastMountAtAPointIsOnTop) {
  const auto table = ParseMountinfo(
      "1 0 0:1 / /a rw - tmpfs t rw\n2 0 0:1 / /a rw - ext4 t rw\n3 0 0:1 / /b rw - xfs t rw\n", 9);
  ASSERT_NE(MountAt(table, "/a"), nullptr);
  EXPECT_EQ(MountAt(table, "/a")->id, 2);
  EXPECT_EQ(MountAt(table, "/c"), nullptr);
  EXPECT_EQ(MountById(table, 3)->fstype, "xfs");
}

TEST(MountinfoTest, CommasInsideAnOption) {
  const auto table =
      ParseMountinfo("1 0 0:1 / / rw - overlay o rw,lowerdir=/a\\,b:/c,upperdir=/u\n", 9);
  EXPECT_EQ(OptionValue(table.mounts[0].super_options, "lowerdir"), "/a\\,b:/c");
  EXPECT_EQ(OptionValue(table.mounts[0].super_options, "upperdir"), "/u");
  EXPECT_THAT(OptionValue(table.mounts[0].super_options, "low"), IsEmpty());
}

}  // namespace
}  // namespace nsobs
