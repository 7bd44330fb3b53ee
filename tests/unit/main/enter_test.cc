// What enter does before anything is entered; entering itself needs root and is tested end to end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "userspace/main/open_namespaces.h"
#include "userspace/main/target_files.h"

namespace nsobs {
namespace {

class TargetFilesTest : public ::testing::Test {
 protected:
  TargetFilesTest() {
    std::string pattern = testing::TempDir() + "nsobs-root-XXXXXX";
    root_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
    std::filesystem::create_directory(root_ + "/etc");
  }
  ~TargetFilesTest() override { std::filesystem::remove_all(root_); }

  absl::StatusOr<NameFiles> Read() {
    const UniqueFd fd(open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return ReadNameFiles(fd.get());
  }

  std::string root_;
};

TEST_F(TargetFilesTest, ReadsBothAndMissesNeither) {
  std::ofstream(root_ + "/etc/resolv.conf") << "nameserver 10.0.0.1\n";
  const auto files = Read();
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->resolv_conf, "nameserver 10.0.0.1\n");
  EXPECT_EQ(files->hosts, std::nullopt);
}

TEST_F(TargetFilesTest, LinksStayInsideTheTarget) {
  // In the target "/run/x" is its own; on the host it would be another.
  std::filesystem::create_directory(root_ + "/run");
  std::ofstream(root_ + "/run/x") << "inside";
  std::filesystem::create_symlink("/run/x", root_ + "/etc/resolv.conf");
  std::filesystem::create_symlink("../../../../../../etc/passwd", root_ + "/etc/hosts");
  const auto files = Read();
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->resolv_conf, "inside");
  EXPECT_EQ(files->hosts, std::nullopt);  // the target has no /etc/passwd
}

TEST_F(TargetFilesTest, MagicLinksAreRefused) {
  std::filesystem::create_symlink("/proc/self/exe", root_ + "/etc/resolv.conf");
  const auto files = Read();
  EXPECT_TRUE(files.ok() ? files->resolv_conf == std::nullopt : true);
}

TEST_F(TargetFilesTest, OnlyRegularFilesOfModerateSize) {
  ASSERT_EQ(mkfifo((root_ + "/etc/hosts").c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Read().status()));  // and doesn't wait for a writer
  unlink((root_ + "/etc/hosts").c_str());
  std::ofstream(root_ + "/etc/hosts") << std::string((64 << 10) + 1, 'x');
  EXPECT_TRUE(absl::IsResourceExhausted(Read().status()));
}

TEST(OpenNamespacesTest, WhatIsSharedIsNotOpenedAndAnotherProcessIsRefused) {
  LiveTarget live;
  live.target.title = "self";
  live.process = *LiveProcess(static_cast<uint32_t>(getpid()));
  const auto open = OpenForEntry(live, {NamespaceKind::kNet, NamespaceKind::kMnt}, true);
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_TRUE(open->fds.empty());
  EXPECT_TRUE(open->root.ok());
  live.process.start_boot_ns += 20'000'000;
  EXPECT_TRUE(absl::IsNotFound(OpenForEntry(live, {NamespaceKind::kNet}, false).status()));
  live.process.pid = 0x7fffffff;
  EXPECT_TRUE(absl::IsNotFound(OpenForEntry(live, {NamespaceKind::kNet}, false).status()));
}

}  // namespace
}  // namespace nsobs
