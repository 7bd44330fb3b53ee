#include "userspace/base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace nsobs {
namespace {

int OpenNull() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

static_assert(!std::is_copy_constructible_v<UniqueFd> && !std::is_copy_assignable_v<UniqueFd>);
static_assert(std::is_nothrow_move_constructible_v<UniqueFd>);

TEST(UniqueFdTest, EmptyByDefault) {
  UniqueFd fd;
  EXPECT_FALSE(fd.ok());
  EXPECT_EQ(fd.get(), -1);
  fd.reset();
  EXPECT_EQ(fd.release(), -1);
}

TEST(UniqueFdTest, ClosesWhenItGoes) {
  const int raw = OpenNull();
  {
    UniqueFd fd(raw);
    EXPECT_TRUE(fd.ok());
    EXPECT_EQ(fd.get(), raw);
    EXPECT_TRUE(IsOpen(raw));
  }
  EXPECT_FALSE(IsOpen(raw));
}

TEST(UniqueFdTest, MovingLeavesNothingBehind) {
  const int raw = OpenNull();
  UniqueFd from(raw);
  UniqueFd to(std::move(from));
  EXPECT_EQ(from.get(), -1);  // NOLINT: the state after a move is what is tested
  EXPECT_EQ(to.get(), raw);
  EXPECT_TRUE(IsOpen(raw));
}

TEST(UniqueFdTest, AssignmentClosesTheOldOne) {
  const int first = OpenNull();
  const int second = OpenNull();
  UniqueFd fd(first);
  fd = UniqueFd(second);
  EXPECT_EQ(fd.get(), second);
  EXPECT_FALSE(IsOpen(first));
  EXPECT_TRUE(IsOpen(second));
}

TEST(UniqueFdTest, AssignmentToItselfKeepsIt) {
  const int raw = OpenNull();
  UniqueFd fd(raw);
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_EQ(fd.get(), raw);
  EXPECT_TRUE(IsOpen(raw));
}

TEST(UniqueFdTest, ReleaseGivesItAway) {
  int raw = -1;
  {
    UniqueFd fd(OpenNull());
    raw = fd.release();
    EXPECT_FALSE(fd.ok());
  }
  EXPECT_TRUE(IsOpen(raw));
  close(raw);
}

TEST(UniqueFdTest, ResetClosesAtOnce) {
  const int raw = OpenNull();
  UniqueFd fd(raw);
  fd.reset();
  EXPECT_FALSE(fd.ok());
  EXPECT_FALSE(IsOpen(raw));
}

}  // namespace
}  // namespace nsobs
