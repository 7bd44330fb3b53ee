#include "userspace/base/service_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

using ::testing::StartsWith;

// A manager's end: the abstract socket that is named after the test and the process.
class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManagerTest()
      : name_(absl::StrCat("@nsobs-", getpid(), "-",
                           testing::UnitTest::GetInstance()->current_test_info()->name())),
        fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, sizeof address.sun_path);
    address.sun_path[0] = '\0';
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), bytes), 0);
  }

  std::string Heard() {
    char buffer[4096];
    const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, 0);
    return got < 0 ? "" : std::string(buffer, static_cast<size_t>(got));
  }

  const std::string name_;
  UniqueFd fd_;
};

TEST_F(ServiceManagerTest, TellsAnAbstractSocket) {
  ServiceManager manager(name_, absl::Seconds(3));
  EXPECT_TRUE(manager.present());
  EXPECT_EQ(manager.watchdog(), absl::Seconds(3));
  manager.Ready("observing");
  EXPECT_EQ(Heard(), "READY=1\nSTATUS=observing");
  manager.KeepAlive();
  EXPECT_EQ(Heard(), "WATCHDOG=1");
  manager.Reloading();
  EXPECT_THAT(Heard(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  manager.Stopping();
  EXPECT_THAT(Heard(), StartsWith("STOPPING=1"));
}

TEST_F(ServiceManagerTest, TellsASocketInTheFilesystem) {
  const std::string path = testing::TempDir() + absl::StrCat("nsobs-notify-", getpid());
  unlink(path.c_str());
  const UniqueFd listener(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ServiceManager(path, absl::ZeroDuration()).KeepAlive();
  char buffer[64];
  EXPECT_EQ(recv(listener.get(), buffer, sizeof buffer, 0), 10);
  unlink(path.c_str());
}

// A manager that reads nothing must not hold us up.
TEST_F(ServiceManagerTest, DoesNotWait) {
  ServiceManager manager(name_, absl::ZeroDuration());
  for (int i = 0; i < 10000; ++i) manager.KeepAlive();
  EXPECT_EQ(Heard(), "WATCHDOG=1");
}

TEST_F(ServiceManagerTest, TakesItsWordsOutOfTheEnvironment) {
  setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  setenv("WATCHDOG_USEC", "2500000", 1);
  setenv("WATCHDOG_PID", absl::StrCat(getpid()).c_str(), 1);
  const ServiceManager manager = ServiceManager::FromEnvironment();
  EXPECT_TRUE(manager.present());
  EXPECT_EQ(manager.watchdog(), absl::Milliseconds(2500));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    EXPECT_EQ(getenv(name), nullptr) << name;
  }
  EXPECT_FALSE(ServiceManager::FromEnvironment().present());
}

TEST_F(ServiceManagerTest, TheWatchdogOfAnotherProcessIsNotOurs) {
  setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  setenv("WATCHDOG_USEC", "2500000", 1);
  setenv("WATCHDOG_PID", absl::StrCat(getppid()).c_str(), 1);
  EXPECT_EQ(ServiceManager::FromEnvironment().watchdog(), absl::ZeroDuration());
  setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(ServiceManager::FromEnvironment().watchdog(), absl::ZeroDuration());
}

TEST_F(ServiceManagerTest, WhatIsNoSocketIsNobody) {
  for (const std::string& name : {std::string(), std::string("@"), std::string("vsock:2:1234"),
                                  "/" + std::string(200, 'x')}) {
    ServiceManager manager(name, absl::Seconds(1));
    EXPECT_FALSE(manager.present()) << name;
    EXPECT_EQ(manager.watchdog(), absl::ZeroDuration());
    manager.Ready("heard by nobody");
  }
}

}  // namespace
}  // namespace nsobs
