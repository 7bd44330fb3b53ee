#include "userspace/base/seqpacket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <string>
#include <thread>

namespace nsobs {
namespace {

struct Pair {
  UniqueFd a, b;
};

Pair MakePair() {
  int fds[2] = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Deadline Soon() { return Deadline::In(absl::Seconds(10)); }

TEST(SeqpacketTest, MessagesOfAnySize) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{32 << 10}, size_t{(32 << 10) + 1}, size_t{3 << 20}}) {
    Pair pair = MakePair();
    std::string sent;
    for (size_t i = 0; i < size; ++i) sent += static_cast<char>(i * 7 % 251);
    std::thread sender([&] { EXPECT_TRUE(SendMessage(pair.a.get(), sent, Soon()).ok()); });
    const auto got = ReceiveMessage(pair.b.get(), 4 << 20, Soon());
    sender.join();
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(*got, sent);
  }
}

TEST(SeqpacketTest, WhatIsTooLongIsRefused) {
  Pair pair = MakePair();
  ASSERT_TRUE(SendMessage(pair.a.get(), std::string(1001, 'x'), Soon()).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(ReceiveMessage(pair.b.get(), 1000, Soon()).status()));
}

TEST(SeqpacketTest, StrangePacketsAreRefused) {
  Pair pair = MakePair();
  ASSERT_EQ(send(pair.a.get(), "zzz", 3, 0), 3);
  EXPECT_TRUE(absl::IsInvalidArgument(ReceiveMessage(pair.b.get(), 1000, Soon()).status()));
}

TEST(SeqpacketTest, TheOtherSideIsWaitedForWithinBounds) {
  Pair pair = MakePair();
  const Deadline until = Deadline::In(absl::Milliseconds(50));
  ASSERT_EQ(send(pair.a.get(), "mabc", 4, 0), 4);  // more to come, which never does
  EXPECT_TRUE(absl::IsDeadlineExceeded(ReceiveMessage(pair.b.get(), 1000, until).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      SendMessage(pair.a.get(), std::string(32 << 20, 'x'), Deadline::In(absl::Milliseconds(50)))));
  pair.a.reset();
  Pair other = MakePair();
  other.a.reset();
  EXPECT_TRUE(absl::IsUnavailable(ReceiveMessage(other.b.get(), 1000, Soon()).status()));
  EXPECT_TRUE(absl::IsUnavailable(SendMessage(other.b.get(), "x", Soon())));
}

TEST(SeqpacketTest, ListensForItsOwnerAloneAndReplacesWhatWasLeft) {
  const std::string path = testing::TempDir() + "/seq_" + std::to_string(getpid());
  EXPECT_TRUE(absl::IsNotFound(ConnectSeqpacket(path).status()));
  for (int round = 0; round < 2; ++round) {
    const auto listener = ListenSeqpacket(path);
    ASSERT_TRUE(listener.ok()) << listener.status();
    struct stat st{};
    ASSERT_EQ(stat(path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777, 0600u);
    EXPECT_TRUE(ConnectSeqpacket(path).ok());
  }
  EXPECT_TRUE(absl::IsNotFound(ConnectSeqpacket(path).status()));  // nobody behind it
  unlink(path.c_str());
  EXPECT_TRUE(absl::IsInvalidArgument(ListenSeqpacket(std::string(200, 'x')).status()));
}

}  // namespace
}  // namespace nsobs
