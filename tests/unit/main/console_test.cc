#include "userspace/main/console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/main/fake_console.h"
#include "userspace/base/fd.h"
#include "userspace/main/host_view.h"

namespace nsobs {
namespace {

class ScreenTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* variable : {"NO_COLOR", "COLUMNS", "TERM"}) unsetenv(variable);
  }
  void TearDown() override { SetUp(); }
};

TEST_F(ScreenTest, APipeIsNoTerminal) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  const Screen screen = DetectScreen(write_end.get(), ColorChoice::kAuto);
  EXPECT_FALSE(screen.terminal);
  EXPECT_FALSE(screen.color);
  EXPECT_TRUE(DetectScreen(write_end.get(), ColorChoice::kAlways).color);
}

TEST_F(ScreenTest, ATerminalHasASizeAndColour) {
  const UniqueFd master(posix_openpt(O_RDWR | O_NOCTTY));
  if (!master.ok()) GTEST_SKIP() << "no pseudo-terminals here";
  ASSERT_EQ(grantpt(master.get()), 0);
  ASSERT_EQ(unlockpt(master.get()), 0);
  const UniqueFd terminal(open(ptsname(master.get()), O_RDWR | O_NOCTTY));
  ASSERT_TRUE(terminal.ok());
  const auto detect = [&](ColorChoice color) { return DetectScreen(terminal.get(), color); };

  EXPECT_TRUE(detect(ColorChoice::kAuto).terminal);
  EXPECT_EQ(detect(ColorChoice::kAuto).columns, 80);  // size not set
  setenv("COLUMNS", "120", 1);
  EXPECT_EQ(detect(ColorChoice::kAuto).columns, 120);
  setenv("COLUMNS", "nonsense", 1);
  EXPECT_EQ(detect(ColorChoice::kAuto).columns, 80);
  winsize size{};
  size.ws_col = 132;
  ASSERT_EQ(ioctl(terminal.get(), TIOCSWINSZ, &size), 0);
  EXPECT_EQ(detect(ColorChoice::kAuto).columns, 132);
  size.ws_col = 3;
  ASSERT_EQ(ioctl(terminal.get(), TIOCSWINSZ, &size), 0);
  EXPECT_EQ(detect(ColorChoice::kAuto).columns, 20);

  EXPECT_TRUE(detect(ColorChoice::kAuto).color);
  EXPECT_FALSE(detect(ColorChoice::kNever).color);
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(detect(ColorChoice::kAuto).color);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(detect(ColorChoice::kAuto).color);
  EXPECT_TRUE(detect(ColorChoice::kAlways).color);
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(detect(ColorChoice::kAuto).color);
}

TEST(ConsoleTest, FailuresAreOneLineAndACode) {
  const std::pair<absl::Status, int> cases[] = {
      {absl::OkStatus(), 0},
      {absl::NotFoundError("x"), 1},
      {absl::InvalidArgumentError("x"), 2},
      {absl::OutOfRangeError("x"), 2},
      {absl::PermissionDeniedError("x"), 3},
      {absl::FailedPreconditionError("x"), 3},
      {absl::UnimplementedError("x"), 3},
      {absl::InternalError("x"), 3},
  };
  for (const auto& [status, code] : cases) EXPECT_EQ(ExitCodeOf(status), code) << status;
  FakeConsole fake;
  EXPECT_EQ(fake.console.Fail(absl::PermissionDeniedError("needs root")), 3);
  EXPECT_EQ(fake.err.str(), "nsobserver: needs root\n");
}

TEST(ConsoleTest, Names) {
  EXPECT_EQ(OutputFormatFromName("table"), OutputFormat::kTable);
  EXPECT_EQ(OutputFormatFromName("json"), OutputFormat::kJson);
  EXPECT_EQ(OutputFormatFromName("jsonl"), OutputFormat::kJsonLines);
  EXPECT_EQ(OutputFormatFromName("JSON"), std::nullopt);
  EXPECT_EQ(ColorChoiceFromName("auto"), ColorChoice::kAuto);
  EXPECT_EQ(ColorChoiceFromName("always"), ColorChoice::kAlways);
  EXPECT_EQ(ColorChoiceFromName("never"), ColorChoice::kNever);
  EXPECT_EQ(ColorChoiceFromName(""), std::nullopt);
}

// The defaults of the two places that know the runtimes' folders are the same.
TEST(HostViewTest, DefaultRootsAreThoseOfCorrelation) {
  const CorrelatorOptions ours = CorrelatorOptionsOf(DefaultConfig()), theirs;
  EXPECT_EQ(ours.roots.docker_data, theirs.roots.docker_data);
  EXPECT_EQ(ours.roots.docker_exec, theirs.roots.docker_exec);
  EXPECT_EQ(ours.roots.containerd_state, theirs.roots.containerd_state);
  EXPECT_EQ(ours.roots.containerd_runc, theirs.roots.containerd_runc);
  EXPECT_EQ(ours.roots.podman_storage, theirs.roots.podman_storage);
  EXPECT_EQ(ours.roots.runc, theirs.roots.runc);
  EXPECT_EQ(ours.roots.crun, theirs.roots.crun);
  EXPECT_EQ(ours.roots.netns, theirs.roots.netns);
  EXPECT_EQ(ours.tombstone_ttl, theirs.tombstone_ttl);
  EXPECT_EQ(ours.max_containers, theirs.max_containers);
}

}  // namespace
}  // namespace nsobs
