#include "userspace/main/control_client.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "absl/time/clock.h"
#include "userspace/base/seqpacket.h"
#include "userspace/pipeline/control_request.h"

namespace nsobs {
namespace {

class ControlClientTest : public ::testing::Test {
 protected:
  ControlClientTest() {
    std::string pattern = testing::TempDir() + "nsobs-client-XXXXXX";
    directory_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
  }
  ~ControlClientTest() override { std::filesystem::remove_all(directory_); }

  // A daemon that answers one request so.
  absl::StatusOr<Json> AskOneThatSays(const std::string& answer, std::string* asked) {
    const auto listener = ListenSeqpacket(directory_ + "/" + kControlSocket);
    EXPECT_TRUE(listener.ok()) << listener.status();
    std::thread daemon([&] {
      while (true) {
        const UniqueFd fd(accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK));
        if (!fd.ok()) {
          absl::SleepFor(absl::Milliseconds(1));
          continue;
        }
        const Deadline deadline = Deadline::In(absl::Seconds(10));
        *asked = ReceiveMessage(fd.get(), kMaxControlBytes, deadline).value_or("?");
        EXPECT_TRUE(SendMessage(fd.get(), answer, deadline).ok());
        return;
      }
    });
    const auto result = AskDaemon(directory_, {{"op", "x"}});
    daemon.join();
    return result;
  }

  std::string directory_;
};

TEST_F(ControlClientTest, NoDaemonRuns) {
  EXPECT_TRUE(absl::IsNotFound(AskDaemon(directory_, {{"op", "x"}}).status()));
  EXPECT_TRUE(absl::IsNotFound(AskDaemon(directory_ + "/none", {{"op", "x"}}).status()));
}

TEST_F(ControlClientTest, AsksAndIsAnswered) {
  std::string asked;
  const auto answer = AskOneThatSays(R"({"ok":true,"id":12})", &asked);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ((*answer)["id"], 12);
  EXPECT_EQ(asked, R"({"op":"x"})");
}

TEST_F(ControlClientTest, ARefusalIsItsReason) {
  std::string asked;
  EXPECT_EQ(AskOneThatSays(R"({"ok":false,"error":"no room"})", &asked).status().message(),
            "the daemon says: no room");
  EXPECT_FALSE(AskOneThatSays("nonsense", &asked).ok());
}

TEST_F(ControlClientTest, TooMuchIsNotEvenSent) {
  EXPECT_TRUE(absl::IsResourceExhausted(
      AskDaemon(directory_, {{"x", std::string(kMaxControlBytes, 'x')}}).status()));
}

}  // namespace
}  // namespace nsobs
