#include "userspace/pipeline/namespace_pins.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

uint32_t OwnNetInode() {
  struct stat st{};
  EXPECT_EQ(stat("/proc/self/ns/net", &st), 0);
  return static_cast<uint32_t>(st.st_ino);
}

// This process, as if it were a container's: the host's net namespace is said to be another one.
class NamespacePinsTest : public ::testing::Test {
 protected:
  NamespacePinsTest() : pins_(PinOptions{.max_pins = 2}) {
    pins_.SetHost(OwnNetInode() + 1);
    self_.pid = static_cast<uint32_t>(getpid());
    self_.namespaces[NamespaceKind::kNet].inode = OwnNetInode();
    container_ = std::make_shared<Container>();
  }

  Anomaly Trouble(const Process& subject) {
    Anomaly anomaly;
    anomaly.subject = subject;
    anomaly.container = container_;
    return anomaly;
  }

  NamespacePins pins_;
  Process self_;
  std::shared_ptr<Container> container_;
};

TEST_F(NamespacePinsTest, AYoungContainerIsHeldForAWhile) {
  pins_.OnStart(container_, self_, 0);
  EXPECT_EQ(pins_.size(), 1u);
  EXPECT_TRUE(pins_.TakeExpired(4 * kSecond).empty());
  EXPECT_EQ(pins_.TakeExpired(5 * kSecond).size(), 1u);
  EXPECT_EQ(pins_.size(), 0u);
}

TEST_F(NamespacePinsTest, TroubleHoldsItLonger) {
  pins_.OnStart(container_, self_, 0);
  const PinnedFd held = pins_.Hold(Trouble(self_), kSecond);
  ASSERT_NE(held, nullptr);
  struct stat st{};
  ASSERT_EQ(fstat(held->get(), &st), 0);
  EXPECT_EQ(st.st_ino, OwnNetInode());
  EXPECT_TRUE(pins_.TakeExpired(10 * kSecond).empty());
  EXPECT_EQ(pins_.TakeExpired(11 * kSecond).size(), 1u);
}

TEST_F(NamespacePinsTest, OfSomebodyWhoIsGoneTheContainersInitWillDo) {
  Process gone = self_;
  gone.pid = 0x7fffffff;
  EXPECT_EQ(pins_.Hold(Trouble(gone), 0), nullptr);
  container_->init.pid = self_.pid;
  EXPECT_NE(pins_.Hold(Trouble(gone), 0), nullptr);
}

TEST_F(NamespacePinsTest, AnotherNamespaceThanExpectedIsNotHeld) {
  self_.namespaces[NamespaceKind::kNet].inode += 2;  // the pid is somebody else's by now
  pins_.OnStart(container_, self_, 0);
  EXPECT_EQ(pins_.size(), 0u);
  EXPECT_EQ(pins_.Hold(Trouble(self_), 0), nullptr);
}

TEST_F(NamespacePinsTest, TheHostsIsNeverHeld) {
  pins_.SetHost(OwnNetInode());
  pins_.OnStart(container_, self_, 0);
  EXPECT_EQ(pins_.Hold(Trouble(self_), 0), nullptr);
  EXPECT_EQ(pins_.size(), 0u);
}

}  // namespace
}  // namespace nsobs
