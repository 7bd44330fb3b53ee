#include "userspace/main/live_target.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "userspace/correlation/correlator.h"

namespace nsobs {
namespace {

TEST(LiveTargetTest, AProcessThatRuns) {
  const auto self = LiveProcess(static_cast<uint32_t>(getpid()));
  ASSERT_TRUE(self.ok()) << self.status();
  EXPECT_EQ(self->pid, static_cast<uint32_t>(getpid()));
  EXPECT_GT(self->start_boot_ns, 0u);
  EXPECT_TRUE(absl::IsNotFound(LiveProcess(0x7fffffff).status()));
}

TEST(LiveTargetTest, ByPid) {
  const Inventory nothing{};
  const std::string text = "pid:" + std::to_string(getpid());
  const auto live = ResolveLive(text, nothing, {});
  ASSERT_TRUE(live.ok()) << live.status();
  EXPECT_EQ(live->process, *LiveProcess(static_cast<uint32_t>(getpid())));
  EXPECT_EQ(live->init_pid, 0u);
  EXPECT_NE(live->target.namespaces[NamespaceKind::kNet].inode, 0u);
  EXPECT_TRUE(absl::IsNotFound(ResolveLive("pid:2147483647", nothing, {}).status()));
  EXPECT_TRUE(absl::IsNotFound(ResolveLive("web", nothing, {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ResolveLive("", nothing, {}).status()));
}

TEST(LiveTargetTest, ZombiesAreNoTargets) {
  const std::string root = testing::TempDir() + "/proc_" + std::to_string(getpid());
  std::filesystem::create_directories(root + "/77");
  std::ofstream(root + "/77/stat")
      << "77 (x) Z 1 77 77 0 -1 4228364 0 0 0 0 0 0 0 0 20 0 1 0 555 0";
  EXPECT_TRUE(absl::IsNotFound(LiveProcess(77, root).status()));
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace nsobs
