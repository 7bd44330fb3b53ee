#include "userspace/correlation/lxc_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/correlation/fake_host.h"

namespace nsobs {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// As recorded of two monitors, root's and a user's; the addresses and the paths are other ones.
constexpr char kRecorded[] =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000001: 00000002 00000000 00010000 0001 01 7923454 @/var/lib/lxc/web/command\n"
    "0000000000000002: 00000002 00000000 00010000 0001 01 7923546 "
    "@/home/user/.local/share/lxc/uweb/command\n"
    "0000000000000003: 00000003 00000000 00000000 0001 03 7000001\n"
    "0000000000000004: 00000002 00000000 00010000 0001 01 7000002 /run/systemd/command\n";

TEST(LxcMonitorTest, RecordedSockets) {
  const auto sockets = ParseCommandSockets(kRecorded);
  ASSERT_THAT(sockets, SizeIs(2));
  EXPECT_EQ(sockets.at(7923454).lxcpath, "/var/lib/lxc");
  EXPECT_EQ(sockets.at(7923454).name, "web");
  EXPECT_EQ(sockets.at(7923546).lxcpath, "/home/user/.local/share/lxc");
  EXPECT_EQ(sockets.at(7923546).name, "uweb");
}

TEST(LxcMonitorTest, OtherNamesAreNone) {
  for (const char* name : {"@/command", "@//command", "@/a/../b/command", "@a/b/command",
                           "@lxc/6d38a1ab/command", "@/a/b c/command", "/a/b/command"}) {
    const std::string line = std::string("1: 2 0 10000 1 1 77 ") + name + "\n";
    EXPECT_THAT(ParseCommandSockets(line), IsEmpty()) << name;
  }
  EXPECT_THAT(ParseCommandSockets("x y\n\n@/a/b/command"), IsEmpty());
}

TEST(LxcMonitorTest, OnlyTheSocketThatTheProcessHolds) {
  FakeHost host;
  host.Start({.pid = 40, .comm = "lxc-start"});
  host.Write("proc/40/net/unix", kRecorded);
  EXPECT_FALSE(FindLxcMonitor(host.Path("proc"), 40).has_value());
  host.MakeDirectory("proc/40/fd");
  std::filesystem::create_symlink("socket:[7000001]", host.Path("proc/40/fd/3"));
  EXPECT_FALSE(FindLxcMonitor(host.Path("proc"), 40).has_value());
  std::filesystem::create_symlink("socket:[7923546]", host.Path("proc/40/fd/6"));
  ASSERT_TRUE(FindLxcMonitor(host.Path("proc"), 40).has_value());
  EXPECT_EQ(FindLxcMonitor(host.Path("proc"), 40)->name, "uweb");
  // Which of two it watches can't be told.
  std::filesystem::create_symlink("socket:[7923454]", host.Path("proc/40/fd/7"));
  EXPECT_FALSE(FindLxcMonitor(host.Path("proc"), 40).has_value());
}

}  // namespace
}  // namespace nsobs
