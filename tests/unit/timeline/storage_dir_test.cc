#include "userspace/timeline/storage_dir.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;

class StorageDirTest : public TimelineFixture {
 protected:
  absl::Status OpenStatus() { return Timeline::Open(options_, &clock_, &report_).status(); }
};

TEST_F(StorageDirTest, ASecondInstanceIsRefusedByPid) {
  Open();
  const absl::Status status = OpenStatus();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(std::string(status.message()),
            "another nsobserver (pid " + std::to_string(getpid()) + ") uses " + dir_.path());
  ASSERT_OK(WriteRow(MakeEvent(clock_, 1)));  // the first goes on
  timeline_.reset();
  EXPECT_TRUE(OpenStatus().ok());
}

TEST_F(StorageDirTest, AnEmptyLockFileNamesNobody) {
  Open();
  std::ofstream(dir_.path() + "/lock", std::ios::trunc).close();
  EXPECT_EQ(std::string(OpenStatus().message()), "another nsobserver uses " + dir_.path());
}

TEST_F(StorageDirTest, PlacesThatCanNotBeUsed) {
  std::ofstream(dir_.path() + "/file").close();
  std::filesystem::create_directory(dir_.path() + "/open");
  chmod((dir_.path() + "/open").c_str(), 0777);
  std::filesystem::create_directory(dir_.path() + "/group");
  chmod((dir_.path() + "/group").c_str(), 0770);
  std::filesystem::create_directories(dir_.path() + "/taken/timeline.db");
  std::filesystem::create_directories(dir_.path() + "/linked");
  std::filesystem::create_symlink("/nonexistent", dir_.path() + "/linked/timeline.db");
  const std::vector<std::tuple<std::string, absl::StatusCode, std::string>> cases = {
      {"/file", absl::StatusCode::kFailedPrecondition, "not a directory"},
      {"/missing/deep", absl::StatusCode::kNotFound, "missing/deep"},
      {"/open", absl::StatusCode::kFailedPrecondition, "can be written to by others (mode 0777)"},
      {"/group", absl::StatusCode::kFailedPrecondition, "can be written to by others (mode 0770)"},
      {"/taken", absl::StatusCode::kFailedPrecondition, "not a regular file"},
      {"/linked", absl::StatusCode::kFailedPrecondition, "not a regular file"}};
  for (const auto& [suffix, code, message] : cases) {
    options_.directory = dir_.path() + suffix;
    const absl::Status status = OpenStatus();
    EXPECT_EQ(status.code(), code) << suffix << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }
}

// In a child without root's rights, for which modes mean nothing.
TEST_F(StorageDirTest, ADirectoryThatCanNotBeWrittenTo) {
  ASSERT_EQ(chmod(dir_.path().c_str(), 0555), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    _exit(absl::IsPermissionDenied(OpenStatus()) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  chmod(dir_.path().c_str(), 0700);
  EXPECT_TRUE(WIFEXITED(status));
  // Of root's directory under a temporary one that only root may enter, the same is true.
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(IsNetworkFilesystemTest, ByMagic) {
  const std::vector<std::pair<int64_t, bool>> cases = {
      {0x6969, true},      {0x517b, true},      {0xff534d42, true},  {int32_t(0xff534d42), true},
      {0xfe534d42, true},  {0x00c36400, true},  {0x01021997, true},  {0x0bd00bd0, true},
      {0xef53, false},     {0x9123683e, false}, {0x58465342, false}, {0x01021994, false},
      {0x794c7630, false}, {0x65735546, false}, {0, false}};
  for (const auto& [magic, network] : cases)
    EXPECT_EQ(IsNetworkFilesystem(magic), network) << magic;
}

}  // namespace
}  // namespace nsobs
