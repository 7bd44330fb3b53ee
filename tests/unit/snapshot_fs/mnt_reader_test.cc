#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/unit/snapshot_fs/fake_host.h"
#include "userspace/snapshot/mnt/copied_up.h"
#include "userspace/snapshot/mnt/mates.h"
#include "userspace/snapshot/mnt/path_view.h"
#include "userspace/snapshot/mnt/spec_mounts.h"

namespace nsobs {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MntReaderTest : public ::testing::Test {
 protected:
  SectionJson Read(uint32_t pid) {
    SectionJson out = SectionJson::object();
    ReadMnt(host_.TargetOf(pid), &out, &notes_);
    EXPECT_FALSE(Dump(out).empty());
    return out;
  }

  FakeHost host_;
  ReadNotes notes_;
};

TEST_F(MntReaderTest, MountsAndTheOverlayOfTheRoot) {
  host_.Add({.pid = 100, .ns_inode = 4026532100});
  host_.Write("proc/100/mountinfo",
              "1 0 0:40 / / ro,relatime master:3 - overlay overlay "
              "rw,lowerdir=/l/A:/l/B,upperdir=/u,workdir=/w\n"
              "2 1 254:0 /vol /data rw - ext4 /dev/vda rw\n");
  const SectionJson out = Read(100);
  EXPECT_EQ(out["inode"], 4026532100);
  ASSERT_THAT(out["mounts"], SizeIs(2));
  EXPECT_EQ(
      out["mounts"][0].dump(),
      R"({"id":1,"parent":0,"mount_point":"/","fstype":"overlay","source":"overlay","root":"/",)"
      R"("options":["ro","relatime"],"super_options":["rw","lowerdir=/l/A:/l/B","upperdir=/u",)"
      R"("workdir=/w"],"propagation":"slave:3","total_bytes":null,"free_bytes":null,)"
      R"("inodes_free":null})");
  EXPECT_EQ(out["overlay"].dump(),
            R"({"lowerdir":["/l/A","/l/B"],"upperdir":"/u","workdir":"/w"})");
  EXPECT_THAT(ErrorTexts(notes_), IsEmpty());
  EXPECT_THAT(notes_.truncated(), IsEmpty());
  EXPECT_FALSE(out.contains("path"));
  EXPECT_FALSE(out.contains("spec_mounts"));
}

TEST_F(MntReaderTest, TwentyThousandMountsAreCutAndSaidSo) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    absl::StrAppend(&text, i, " 0 0:1 / /mount/point/number/", i, " rw - tmpfs tmpfs rw\n");
  }
  host_.Add({.pid = 100, .ns_inode = 4026532100});
  host_.Write("proc/100/mountinfo", text);
  const SectionJson out = Read(100);
  EXPECT_THAT(out["mounts"], SizeIs(2000));
  EXPECT_THAT(notes_.truncated(), ElementsAre("/mnt/mounts"));
}

TEST_F(MntReaderTest, NamesOfAnyBytesComeOutAsText) {
  std::string every;
  for (int c = 1; c < 256; ++c) {
    if (c == ' ' || c == '\n' || c == '\\') continue;
    every += static_cast<char>(c);
  }
  host_.Add({.pid = 100, .ns_inode = 4026532100});
  host_.Write("proc/100/mountinfo", "1 0 0:1 / /" + every + " rw - " + every + " " + every +
                                        " rw," + every + "\n" +
                                        "2 1 0:1 / /x\\012\\033[2J rw - t " + "s rw\n");
  const SectionJson out = Read(100);
  EXPECT_THAT(out["mounts"], SizeIs(2));
  EXPECT_EQ(out["mounts"][1]["mount_point"], "/x\n\033[2J");
}

TEST_F(MntReaderTest, ATargetThatIsGone) {
  const SectionJson out = Read(4'000'000);
  EXPECT_FALSE(out.contains("mounts"));
  EXPECT_THAT(ErrorTexts(notes_), SizeIs(1));
}

constexpr char kConfig[] = R"({"mounts": [
  {"destination": "/etc/app", "source": "$/empty", "type": "bind", "options": ["rbind", "ro"]},
  {"destination": "/full", "source": "$/full", "type": "none", "options": ["bind"]},
  {"destination": "/none", "source": "$/none", "type": "bind", "options": []},
  {"destination": "/link", "source": "$/link", "type": "bind"},
  {"destination": "/proc", "source": "proc", "type": "proc"},
  7, {"destination": 7, "options": [7, "x"]}]})";

TEST_F(MntReaderTest, SpecifiedMountsAndTheirSources) {
  std::string config = kConfig;
  for (size_t at = config.find('$'); at != std::string::npos; at = config.find('$')) {
    config.replace(at, 1, host_.folder());
  }
  host_.Write("config.json", config);
  host_.MakeFolder("empty");
  host_.Write("full/file", "x");
  host_.Link("link", "full");
  host_.MakeFolder("proc");
  host_.Link("proc/self", "/proc/self");  // sources are looked at with the real mounts
  host_.request().bundle_config = host_.Path("config.json");
  const SectionJson rows = SpecMounts(host_.TargetOf(100), &notes_);
  ASSERT_THAT(rows, SizeIs(6));
  EXPECT_EQ(rows[0]["destination"], "/etc/app");
  EXPECT_EQ(rows[0]["source"], host_.Path("empty"));
  EXPECT_EQ(rows[0]["options"].dump(), R"(["rbind","ro"])");
  EXPECT_EQ(rows[0]["source_exists"], true);
  EXPECT_EQ(rows[0]["source_is_empty"], true);
  EXPECT_THAT(rows[0]["source_changed"].get<std::string>(), HasSubstr("T"));
  EXPECT_EQ(rows[1]["source_is_empty"], false);
  EXPECT_EQ(rows[2]["source_exists"], false);
  EXPECT_FALSE(rows[3].contains("source_exists")) << "a link that a container could have made";
  EXPECT_THAT(ErrorTexts(notes_), ElementsAre(HasSubstr("symbolic link")));
  EXPECT_FALSE(rows[4].contains("source_exists")) << "not a bind mount";
  EXPECT_EQ(rows[5].dump(), R"({"destination":"","source":"","type":"","options":["x"]})");
}

TEST_F(MntReaderTest, ConfigurationsThatAreNone) {
  EXPECT_THAT(ParseSpecMounts(""), IsEmpty());
  EXPECT_THAT(ParseSpecMounts("[]"), IsEmpty());
  EXPECT_THAT(ParseSpecMounts(R"({"mounts": 7})"), IsEmpty());
  EXPECT_THAT(ParseSpecMounts(std::string(100'000, '[')), IsEmpty());
}

TEST(ListensAtTest, FindsTheListenerOfAPath) {
  const std::string table =
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 20001 /run/a.sock\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 20002 /run/connected.sock\n"
      "0000000000000000: 00000002 00000000 00000000 0002 01 20003 /run/log with blank\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 20004\n";
  EXPECT_TRUE(ListensAt(table, "/run/a.sock"));
  EXPECT_TRUE(ListensAt(table, "/run/log with blank"));
  EXPECT_FALSE(ListensAt(table, "/run/connected.sock"));
  EXPECT_FALSE(ListensAt(table, "/run/a"));
  EXPECT_FALSE(ListensAt(table, ""));
  EXPECT_FALSE(ListensAt("garbage\n\n", "/run/a.sock"));
}

// The test's own process as the target: its mounts, sizes and paths are the machine's.
class OwnMountsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = open("/proc/self/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    target_.pid = static_cast<uint32_t>(getpid());
    target_.root_fd = root_;
    target_.request = &request_;
    target_.deadline = absl::Now() + absl::Seconds(30);
  }
  void TearDown() override { close(root_); }
  SectionJson Path(const std::string& path) {
    request_.path = path;
    SectionJson out = SectionJson::object();
    ReadMnt(target_, &out, &notes_);
    return out["path"];
  }

  FakeHost files_;
  int root_ = -1;
  Target target_;
  SnapshotRequest request_;
  ReadNotes notes_;
};

TEST_F(OwnMountsTest, SizesOfTheRoot) {
  SectionJson out = SectionJson::object();
  ReadMnt(target_, &out, &notes_);
  ASSERT_FALSE(out["mounts"].empty());
  for (const SectionJson& row : out["mounts"]) {
    if (row["mount_point"] == "/proc") {
      EXPECT_TRUE(row["total_bytes"].is_null());
    }
    if (row["mount_point"] != "/" || row["fstype"] == "overlay") continue;
    EXPECT_GT(row["total_bytes"], row["free_bytes"]);
    EXPECT_GT(row["inodes_free"], 0);
  }
}

TEST_F(OwnMountsTest, ProcShowsTheProcessesOfAPidNamespace) {
  SectionJson out = SectionJson::object();
  ReadMnt(target_, &out, &notes_);
  struct stat own{};
  ASSERT_EQ(stat("/proc/self/ns/pid", &own), 0);
  const auto is_proc = [](const SectionJson& row) { return row["mount_point"] == "/proc"; };
  const auto proc = std::find_if(out["mounts"].begin(), out["mounts"].end(), is_proc);
  ASSERT_NE(proc, out["mounts"].end());
  EXPECT_EQ((*proc)["pid_namespace"], own.st_ino);
}

TEST_F(OwnMountsTest, TheMatesThatHaveAFileThatIsMissing) {
  const uint32_t own = static_cast<uint32_t>(getpid());
  struct stat mnt{};
  ASSERT_EQ(stat("/proc/self/ns/mnt", &mnt), 0);
  const auto inode = static_cast<uint32_t>(mnt.st_ino);
  request_.mates = {{"db", "id", {own, 0}, inode}, {"other", "id2", {own, 0}, inode + 1}};
  files_.Write("file", "x");
  request_.path = files_.Path("file");
  const SectionJson rows = ExistsIn(target_, &notes_);
  ASSERT_THAT(rows, SizeIs(1)) << "another mount namespace than expected is another container's";
  EXPECT_EQ(rows[0]["owner"], "db");
  EXPECT_EQ(rows[0]["type"], "file");
  EXPECT_TRUE(rows[0].contains("mount_point"));
  EXPECT_FALSE(Path(files_.Path("file")).contains("exists_in")) << "it is not missing";
  EXPECT_THAT(Path(files_.Path("none"))["exists_in"], IsEmpty());
}

TEST_F(OwnMountsTest, LargeFilesThatAnOverlayHasCopied) {
  const auto copy = [&](const std::string& name, size_t size) {
    files_.Write("upper/" + name, std::string(size, 'x'));
    const std::string path = files_.Path("upper/" + name);
    return setxattr(path.c_str(), "user.overlay.origin", "", 0, 0) == 0;
  };
  ASSERT_TRUE(copy("var/db/large", 3 << 20)) << "extended attributes are needed here";
  ASSERT_TRUE(copy("larger", 4 << 20));
  ASSERT_TRUE(copy("small", 1000));
  files_.Write("upper/own", std::string(5 << 20, 'x'));
  files_.Link("upper/link", "larger");
  const SectionJson files = CopiedUp(target_, files_.Path("upper"), &notes_);
  ASSERT_THAT(files, SizeIs(2));
  EXPECT_EQ(files[0].dump(), R"({"path":"/larger","size_bytes":4194304})");
  EXPECT_EQ(files[1].dump(), R"({"path":"/var/db/large","size_bytes":3145728})");
  EXPECT_THAT(notes_.truncated(), IsEmpty());
  EXPECT_EQ(CopiedUp(target_, files_.Path("none"), &notes_), nullptr);
  EXPECT_EQ(CopiedUp(target_, "relative", &notes_), nullptr);
}

TEST_F(OwnMountsTest, AFile) {
  files_.Write("file", "12345");
  ASSERT_EQ(chmod(files_.Path("file").c_str(), 04640), 0);
  const SectionJson path = Path(files_.Path("file"));
  EXPECT_EQ(path["exists"], true);
  EXPECT_EQ(path["errno_name"], nullptr);
  EXPECT_EQ(path["type"], "file");
  EXPECT_EQ(path["mode"], "4640");
  EXPECT_EQ(path["uid"], getuid());
  EXPECT_EQ(path["gid"], getgid());
  EXPECT_EQ(path["size_bytes"], 5);
  EXPECT_EQ(path["read_only"], false);
  EXPECT_EQ(path["listening"], nullptr);
  EXPECT_TRUE(path.contains("mount_point"));
  EXPECT_TRUE(path.contains("fstype"));
}

TEST_F(OwnMountsTest, WhatIsNotThere) {
  const SectionJson path = Path(files_.Path("none"));
  EXPECT_EQ(path["exists"], false);
  EXPECT_EQ(path["errno_name"], "ENOENT");
  EXPECT_TRUE(path.contains("mount_point"));
  EXPECT_FALSE(path.contains("type"));
  EXPECT_EQ(Path("relative/path"), nullptr);
  EXPECT_THAT(ErrorTexts(notes_), Contains(HasSubstr("absolute")));
}

TEST_F(OwnMountsTest, ASocketThatListensAndOneThatIsStale) {
  const std::string name = files_.Path("s.sock");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, name.c_str(), name.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(Path(name)["listening"], false) << "bound, but nobody listens";
  ASSERT_EQ(listen(fd, 1), 0);
  EXPECT_EQ(Path(name)["type"], "socket");
  EXPECT_EQ(Path(name)["listening"], true);
  close(fd);
  EXPECT_EQ(Path(name)["listening"], false);
}

TEST_F(OwnMountsTest, DevicesAndFifosAreOnlyNamed) {
  ASSERT_EQ(mkfifo(files_.Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(Path(files_.Path("fifo"))["type"], "fifo");
  EXPECT_EQ(Path("/dev/null")["type"], "character_device");
  EXPECT_EQ(Path("/tmp")["type"], "directory");
}

}  // namespace
}  // namespace nsobs
