#include "userspace/snapshot/process_identity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "userspace/base/file.h"

namespace nsobs {
namespace {

constexpr char kStat[] =
    "71 (a) R 1) (b) S 1 71 71 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 200 18446744";

TEST(ProcessIdentity, StartTicksWhateverTheComm) {
  EXPECT_EQ(StartTicks(kStat), 98765U);
  EXPECT_EQ(StartTicks(""), std::nullopt);
  EXPECT_EQ(StartTicks("71 (x) S 1 2"), std::nullopt);
  EXPECT_EQ(StartTicks("71 (x"), std::nullopt);
}

TEST(ProcessIdentity, NanosecondsAreComparedAsTicks) {
  const uint64_t tick = 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  EXPECT_TRUE(SameStart(5 * tick, 5));
  EXPECT_TRUE(SameStart(5 * tick + tick - 1, 5));
  EXPECT_FALSE(SameStart(6 * tick, 5));
}

TEST(ProcessIdentity, OnlyTheProcessThatWasMeant) {
  const auto pid = static_cast<uint32_t>(getpid());
  const uint64_t tick = 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  const uint64_t ticks = *StartTicks(*ReadSmallFile("/proc/self/stat", 4096));
  const auto own = OpenedProcess::Open("/proc", {pid, ticks * tick + 1});
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_TRUE(own->Alive());
  EXPECT_NE(own->NamespaceInode(NamespaceKind::kNet), 0U);
  EXPECT_FALSE(own->OpenNamespace(NamespaceKind::kNet, 1).ok());
  EXPECT_EQ(OpenedProcess::Open("/proc", {pid, (ticks + 1) * tick}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenedProcess::Open("/proc", {0x7fffffff, 0}).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace nsobs
