#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "tests/unit/snapshot_fs/fake_host.h"
#include "userspace/base/fd.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SmallReadersTest : public ::testing::Test {
 protected:
  using Reader = void (*)(const Target&, SectionJson*, ReadNotes*);
  void SetUp() override {
    host_.Add({.pid = 1, .ns_inode = 4026531836});
    host_.Add({.pid = 100, .ns_inode = 4026532200});
    host_.Link("proc/self", "1");
  }
  SectionJson Read(Reader reader, uint32_t pid = 100) {
    SectionJson out = SectionJson::object();
    reader(host_.TargetOf(pid), &out, &notes_);
    EXPECT_FALSE(Dump(out).empty());
    return out;
  }

  FakeHost host_;
  ReadNotes notes_;
};

TEST_F(SmallReadersTest, User) {
  host_.Write("proc/100/uid_map", "         0     100000      65536\n     70000       1000  1\n");
  host_.Write("proc/100/gid_map", "         0          0 4294967295\n");
  host_.Write("proc/100/setgroups", "deny\n");
  EXPECT_EQ(Read(ReadUser).dump(),
            R"({"inode":4026532200,"uid_map":[{"inside":0,"outside":100000,"count":65536},)"
            R"({"inside":70000,"outside":1000,"count":1}],)"
            R"("gid_map":[{"inside":0,"outside":0,"count":4294967295}],"setgroups":"deny",)"
            R"("root_is_root":false})");
  host_.Write("proc/100/uid_map", "0 0 4294967295\n");
  EXPECT_EQ(Read(ReadUser)["root_is_root"], true);
}

TEST_F(SmallReadersTest, TimeOffsets) {
  host_.Write("proc/100/timens_offsets", "monotonic       -100         5\nboottime 864000 0\n");
  EXPECT_EQ(Read(ReadTimens).dump(), R"({"inode":4026532200,"monotonic_offset_ns":-99999999995,)"
                                     R"("boottime_offset_ns":864000000000000})");
  host_.Write("proc/100/timens_offsets", "monotonic 9223372036854775807 0\n");
  EXPECT_FALSE(Read(ReadTimens).contains("monotonic_offset_ns"));
}

TEST_F(SmallReadersTest, IpcOfAnotherNamespaceIsNotGuessed) {
  EXPECT_EQ(Read(ReadIpc).dump(), R"({"inode":4026532200})");
  EXPECT_THAT(ErrorTexts(notes_), ElementsAre(HasSubstr("without entering")));
}

TEST_F(SmallReadersTest, IpcOfTheReader) {
  host_.Write("proc/sysvipc/shm",
              "       key      shmid perms                  size  cpid\n"
              "         0          1  1600                  4096   100\n"
              "         0          2  1600                  8192   100\n");
  host_.Write("proc/sysvipc/sem", "key semid perms nsems\n0 1 600 5\n");
  host_.Write("proc/sysvipc/msg", "key msqid perms cbytes\n");
  EXPECT_EQ(Read(ReadIpc, 1).dump(),
            R"({"inode":4026531836,"shared_memory_segments":2,"shared_memory_bytes":12288,)"
            R"("semaphores":5,"message_queues":0})");
}

TEST_F(SmallReadersTest, HostnameOfTheReader) {
  char name[256] = "";
  gethostname(name, sizeof name);
  const SectionJson out = Read(ReadUts, 1);
  EXPECT_EQ(out["hostname"], name);
  EXPECT_EQ(out["source"], "uname");
}

TEST_F(SmallReadersTest, HostnameOfTheRuntimesConfiguration) {
  host_.Write("config.json", R"({"hostname": "web-1", "domainname": 7})");
  host_.request().bundle_config = host_.Path("config.json");
  EXPECT_EQ(Read(ReadUts).dump(),
            R"({"inode":4026532200,"hostname":"web-1","source":"config.json"})");
}

TEST_F(SmallReadersTest, HostnameIsNotGuessed) {
  host_.Write("config.json", "{");
  host_.request().bundle_config = host_.Path("config.json");
  EXPECT_FALSE(Read(ReadUts).contains("hostname"));
  EXPECT_THAT(ErrorTexts(notes_), ElementsAre(HasSubstr("not known")));
}

TEST_F(SmallReadersTest, WhatIsGoneIsSaid) {
  EXPECT_TRUE(Read(ReadUser, 77)["uid_map"].empty());
  EXPECT_FALSE(Read(ReadTimens, 77).contains("boottime_offset_ns"));
  EXPECT_EQ(ErrorTexts(notes_).size(), 3);
}

TEST(SmallReadersSmokeTest, TheTestItself) {
  SnapshotRequest request;
  Target target;
  target.pid = static_cast<uint32_t>(getpid());
  target.request = &request;
  target.deadline = absl::Now() + absl::Seconds(30);
  ReadNotes notes;
  SectionJson uts, ipc, timens, user;
  ReadUts(target, &uts, &notes);
  ReadIpc(target, &ipc, &notes);
  ReadTimens(target, &timens, &notes);
  ReadUser(target, &user, &notes);
  EXPECT_THAT(ErrorTexts(notes), IsEmpty());
  EXPECT_TRUE(ipc.contains("semaphores"));
  EXPECT_TRUE(timens.contains("boottime_offset_ns"));
  EXPECT_FALSE(user["uid_map"].empty());
  EXPECT_TRUE(uts.contains("hostname"));
}

}  // namespace
}  // namespace nsobs
