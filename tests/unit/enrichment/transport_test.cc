// Against peers that misbehave, over real sockets.
#include "userspace/enrichment/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "userspace/base/fd.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kDeadline = absl::Milliseconds(300);

// Accepts one connection after the other and lets `talk` write whatever it likes.
class FakeEngine {
 public:
  explicit FakeEngine(std::function<void(int fd)> talk) : talk_(std::move(talk)) {
    char folder[] = "/tmp/nsobs-engine-XXXXXX";
    folder_ = mkdtemp(folder);
    path_ = folder_ + "/socket";
    listener_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeEngine() {
    stopping_ = true;
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  EngineSocket socket_of(uint32_t uid) const { return {EngineKind::kDocker, path_, uid}; }
  EngineSocket own() const { return socket_of(getuid()); }
  const std::string& folder() const { return folder_; }
  int connections() const { return connections_; }

 private:
  void Serve() {
    while (!stopping_) {
      const UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd.ok()) continue;
      ++connections_;
      talk_(fd.get());
    }
  }

  const std::function<void(int fd)> talk_;
  std::string folder_, path_;
  UniqueFd listener_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

bool Write(int fd, const std::string& text) {
  return send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

void ReadRequest(int fd) {
  char buffer[4096];
  (void)!read(fd, buffer, sizeof buffer);
}

TEST(TransportTest, TakesABody) {
  FakeEngine engine([](int fd) {
    ReadRequest(fd);
    Write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  });
  Transport transport(absl::Seconds(10));
  const auto body = transport.Get(engine.own(), "/version");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(*body, "{}");
}

TEST(TransportTest, NotFoundIsTold) {
  FakeEngine engine([](int fd) {
    ReadRequest(fd);
    Write(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
  });
  Transport transport(absl::Seconds(10));
  EXPECT_TRUE(absl::IsNotFound(transport.Get(engine.own(), "/x").status()));
}

TEST(TransportTest, ARedirectIsNotFollowed) {
  FakeEngine engine([](int fd) {
    ReadRequest(fd);
    Write(fd, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  });
  Transport transport(absl::Seconds(10));
  EXPECT_TRUE(absl::IsDataLoss(transport.Get(engine.own(), "/x").status()));
  EXPECT_EQ(engine.connections(), 1);
}

TEST(TransportTest, WhoSaysNothingIsLeftAtTheDeadline) {
  FakeEngine engine([](int fd) {
    ReadRequest(fd);
    char c = 0;
    while (read(fd, &c, 1) == 1) {  // until we leave
    }
  });
  Transport transport(kDeadline);
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(absl::IsDeadlineExceeded(transport.Get(engine.own(), "/x").status()));
  EXPECT_GE(absl::Now() - begin, kDeadline * 0.9);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  EXPECT_TRUE(absl::IsDeadlineExceeded(transport.CallGrpc(engine.own(), "/x/Y", "", {}).status()));
}

TEST(TransportTest, WhoSaysAByteNowAndThenIsLeftAtTheDeadline) {
  for (const char* begin_with : {"HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n"}) {
    FakeEngine engine([begin_with](int fd) {
      ReadRequest(fd);
      Write(fd, begin_with);
      while (Write(fd, "a")) absl::SleepFor(absl::Milliseconds(20));
    });
    Transport transport(kDeadline);
    const absl::Time begin = absl::Now();
    EXPECT_TRUE(absl::IsDeadlineExceeded(transport.Get(engine.own(), "/x").status()));
    EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  }
}

TEST(TransportTest, SlowAnswersToOneQuestionHaveAnEnd) {
  FakeEngine engine([](int fd) {
    ReadRequest(fd);
    absl::SleepFor(kDeadline / 2);
    Write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  });
  Transport transport(kDeadline);
  const auto ask_on = [&] {
    int requests = 1;
    while (transport.Get(engine.own(), "/x").ok() && requests < 20) ++requests;
    return requests;
  };
  transport.StartQuestion();
  EXPECT_LE(ask_on(), 2 * Transport::kQuestionDeadlines + 1);
  const int before = engine.connections();
  transport.StartQuestion();
  ask_on();
  EXPECT_GT(engine.connections(), before);
}

TEST(TransportTest, WhatHasNoEndIsTooLong) {
  for (const char* begin_with :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"}) {
    FakeEngine engine([begin_with](int fd) {
      ReadRequest(fd);
      Write(fd, begin_with);
      while (Write(fd, std::string(1 << 16, 'a'))) {
      }
    });
    Transport transport(absl::Seconds(20));
    const auto answer = transport.Get(engine.own(), "/x");
    EXPECT_TRUE(absl::IsDataLoss(answer.status())) << answer.status();
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr("too long"));
  }
}

TEST(TransportTest, HeadersWithoutEndAreTooLong) {
  FakeEngine engine([](int fd) {
    ReadRequest(fd);
    Write(fd, "HTTP/1.1 200 OK\r\n");
    while (Write(fd, "X: " + std::string(1000, 'a') + "\r\n")) {
    }
  });
  Transport transport(absl::Seconds(20));
  EXPECT_TRUE(absl::IsDataLoss(transport.Get(engine.own(), "/x").status()));
}

TEST(TransportTest, WhatIsNoHttpIsNoAnswer) {
  FakeEngine engine([](int fd) {
    ReadRequest(fd);
    Write(fd, std::string("\0\1\2garbage\xff\xfe", 12));
  });
  Transport transport(absl::Seconds(5));
  EXPECT_TRUE(absl::IsDataLoss(transport.Get(engine.own(), "/x").status()));
  EXPECT_TRUE(absl::IsDataLoss(transport.CallGrpc(engine.own(), "/x/Y", "", {}).status()));
}

TEST(TransportTest, NobodyThereIsUnavailable) {
  FakeEngine engine([](int) {});
  EngineSocket gone = engine.own();
  gone.path += "-gone";
  Transport transport(kDeadline);
  EXPECT_TRUE(absl::IsUnavailable(transport.Get(gone, "/x").status()));
}

TEST(TransportTest, WhoIsSomebodyElseIsSentNothing) {
  FakeEngine engine([](int) {});
  Transport transport(kDeadline);
  EXPECT_TRUE(absl::IsPermissionDenied(transport.Get(engine.socket_of(54321), "/x").status()));
  EXPECT_EQ(engine.connections(), 0);
}

// Root's engine may be behind a link, as /var/run is; a user may lead us nowhere.
TEST(TransportTest, AUsersLinkIsNotFollowed) {
  FakeEngine engine([](int fd) {
    ReadRequest(fd);
    Write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  });
  const std::string link = engine.folder() + "/link";
  ASSERT_EQ(symlink(engine.own().path.c_str(), link.c_str()), 0);
  Transport transport(absl::Seconds(10));
  const bool is_root = getuid() == 0;
  EXPECT_EQ(transport.Get({EngineKind::kDocker, link, getuid()}, "/x").ok(), is_root);
  if (is_root) {
    // To a socket that would be the user's, but through a link.
    ASSERT_EQ(chown(engine.own().path.c_str(), 54321, 54321), 0);
    EXPECT_FALSE(transport.Get({EngineKind::kDocker, link, 54321}, "/x").ok());
    // The user's file, but root listens.
    const auto direct = transport.Get(engine.socket_of(54321), "/x");
    EXPECT_TRUE(absl::IsPermissionDenied(direct.status())) << direct.status();
  }
  unlink(link.c_str());
}

}  // namespace
}  // namespace nsobs
