// A container puts something else in place of the files that are read.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/snapshot/lab.h"
#include "tests/snapshot/silent_fuse.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

Json NetOf(const Inhabitant& inhabitant, Json* record = nullptr) {
  const absl::StatusOr<Json> taken =
      SharedSnapshotter().Take(RequestFor(inhabitant, {Section::kNet}));
  EXPECT_TRUE(taken.ok()) << taken.status();
  if (!taken.ok()) return nullptr;
  if (record != nullptr) *record = *taken;
  return (*taken)["net"];
}

void ExpectRefused(const std::string& setup, const std::string& why) {
  SCOPED_TRACE(setup);
  Json record;
  const Json net = NetOf(Inhabitant(setup), &record);
  EXPECT_EQ(net["resolv_conf"], nullptr);
  EXPECT_NE(record["errors"].dump().find(why), std::string::npos) << record["errors"];
  EXPECT_GE(net["links"].size(), 1U);  // the rest is there
}

TEST(HostileFiles, LinksStayInsideTheRoot) {
  const std::string host_secret = ReadSmallFile("/etc/shadow", 1 << 20).value_or("");
  for (const char* target : {"/etc/shadow", "../../../../../etc/shadow", "/proc/1/root/etc/shadow",
                             "/proc/self/root/etc/shadow"}) {
    const Inhabitant inhabitant(std::string("ln -s ") + target + " $ROOT/etc/resolv.conf");
    const Json net = NetOf(inhabitant);
    EXPECT_EQ(net["resolv_conf"], nullptr) << target;
  }
  // A file of that name inside is what the link means.
  const Inhabitant inhabitant(
      "ln -s /../etc/shadow $ROOT/etc/resolv.conf; echo nameserver 9.9.9.9 >$ROOT/etc/shadow");
  EXPECT_EQ(NetOf(inhabitant)["resolv_conf"]["nameservers"], Json::array({"9.9.9.9"}));
}

TEST(HostileFiles, ChainsOfLinksAreFollowedAndEndlessOnesAreNot) {
  const Inhabitant chain(
      "mkdir -p $ROOT/run/a; ln -s ../run/a/../b $ROOT/etc/resolv.conf; ln -s /run/c $ROOT/run/b;"
      "echo nameserver 1.1.1.1 >$ROOT/run/c");
  EXPECT_EQ(NetOf(chain)["resolv_conf"]["nameservers"], Json::array({"1.1.1.1"}));
  ExpectRefused("ln -s resolv.conf $ROOT/etc/resolv.conf", "levels of symbolic links");
}

TEST(HostileFiles, OnlyRegularFilesAreRead) {
  ExpectRefused("mkfifo $ROOT/etc/resolv.conf", "not a regular file");
  ExpectRefused("mknod $ROOT/etc/resolv.conf c 1 5", "not a regular file");  // /dev/zero
  ExpectRefused("mkdir $ROOT/etc/resolv.conf", "not a regular file");
  ExpectRefused("truncate -s 10G $ROOT/etc/resolv.conf", "longer than");
}

TEST(HostileFiles, ProcfsOfTheContainerIsNotTrusted) {
  ExpectRefused(
      "mkdir $ROOT/proc; mount -t proc p $ROOT/proc; ln -s /proc/1/environ $ROOT/etc/resolv.conf",
      "may hang");
}

TEST(HostileFiles, OtherMountsOfTheKernelAreCrossed) {
  const Inhabitant inhabitant(
      "mkdir $ROOT/run; mount -t tmpfs t $ROOT/run; echo nameserver 8.8.8.8 >$ROOT/run/r;"
      "ln -s /run/r $ROOT/etc/resolv.conf");
  EXPECT_EQ(NetOf(inhabitant)["resolv_conf"]["nameservers"], Json::array({"8.8.8.8"}));
}

TEST(HostileFiles, AFilesystemThatNeverAnswersIsNotAsked) {
  const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  ASSERT_GE(device, 0);
  bool* mounted = new bool(false);
  const Inhabitant inhabitant("true",
                              [device, mounted] { *mounted = MountDeafFuse(device, "/etc"); });
  close(device);
  Json record;
  const absl::Time begin = absl::Now();
  const Json net = NetOf(inhabitant, &record);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  EXPECT_EQ(net["resolv_conf"], nullptr);
  EXPECT_NE(record["errors"].dump().find("may hang"), std::string::npos) << record["errors"];
  delete mounted;
}

// It could lie over FUSE: that is seen by no name of a filesystem.
TEST(HostileFiles, AnOverlayOfTheContainersOwnIsNotAsked) {
  ExpectRefused(
      "mkdir $ROOT/a $ROOT/b; echo nameserver 9.9.9.9 >$ROOT/a/resolv.conf;"
      "mount -t overlay o -o lowerdir=$ROOT/a:$ROOT/b $ROOT/etc",
      "may hang");
}

TEST(HostileFiles, WhatAContainerWritesComesOutAsText) {
  const Inhabitant inhabitant(
      R"(printf 'nameserver \033[31m\377\n' >$ROOT/etc/resolv.conf; printf '1.1.1.1 a\377b\n' >$ROOT/etc/hosts)");
  const Json net = NetOf(inhabitant);
  EXPECT_EQ(net["hosts"][0]["names"][0],
            "a\xef\xbf\xbd"
            "b");
  EXPECT_FALSE(net["resolv_conf"]["nameservers"].empty());
}

}  // namespace
}  // namespace nsobs
