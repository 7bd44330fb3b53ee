#include "userspace/base/fd_bundle.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

class FdBundleTest : public testing::Test {
 protected:
  FdBundleTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = UniqueFd(ends[0]);
    theirs_ = UniqueFd(ends[1]);
  }
  static FdBundle Bundle(size_t count, std::string text) {
    FdBundle out;
    out.text = std::move(text);
    for (size_t i = 0; i < count; ++i) {
      out.fds.push_back(
          {absl::StrCat("map.", i), UniqueFd(eventfd(static_cast<unsigned>(i), EFD_CLOEXEC))});
    }
    return out;
  }
  absl::StatusOr<FdBundle> Receive() {
    return ReceiveBundle(theirs_.get(), Deadline::In(absl::Seconds(5)));
  }
  void SendRaw(std::string_view bytes, const std::vector<int>& fds = {}) {
    iovec data = {const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
      memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
    }
    ASSERT_GE(sendmsg(ours_.get(), &message, 0), 0);
  }

  UniqueFd ours_, theirs_;
};

TEST_F(FdBundleTest, ArrivesWholeUnderItsNames) {
  const FdBundle sent = Bundle(200, std::string(50'000, 'x') + "end");
  std::thread sender(
      [&] { EXPECT_TRUE(SendBundle(ours_.get(), sent, Deadline::In(absl::Seconds(5))).ok()); });
  const absl::StatusOr<FdBundle> got = Receive();
  sender.join();
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->text, sent.text);
  ASSERT_EQ(got->fds.size(), 200u);
  for (size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(got->fds[i].name, sent.fds[i].name);
    uint64_t value = 0;
    if (i > 0) {
      EXPECT_EQ(read(got->fds[i].fd.get(), &value, sizeof value), 8);
    }
    EXPECT_EQ(value, i) << "another descriptor under this name";
    EXPECT_NE(fcntl(got->fds[i].fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(got->Find("map.7"), got->fds[7].fd.get());
  EXPECT_EQ(got->Find("map.200"), -1);
}

TEST_F(FdBundleTest, WhatIsNoBundleIsRefused) {
  const int fd = ours_.get();
  const auto refused = [&](std::string_view packet, const std::vector<int>& fds) {
    SendRaw(packet, fds);
    const absl::Status status = Receive().status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << packet << ": " << status;
  };
  refused("?", {});
  refused("l", {fd});              // a text brings none
  refused("fone\ntwo", {fd});      // more names than descriptors
  refused("fone", {fd, fd});       // and fewer
  refused("fone\none", {fd, fd});  // twice
  refused("f", {fd});              // no name
  refused("f../escape", {fd});     // no name of ours
  refused("f" + std::string(65, 'a'), {fd});
  refused("f" + std::string(20'000, 'a'), {fd});  // longer than any packet
}

TEST_F(FdBundleTest, MoreThanABundleHoldsIsRefused) {
  std::thread sender([&] {
    for (int i = 0; i < 6; ++i) SendRaw("t" + std::string(15'000, 'x'));
  });
  EXPECT_TRUE(absl::IsDataLoss(Receive().status()));
  sender.join();
  const FdBundle large = Bundle(0, std::string(kMaxBundleText + 1, 'x'));
  EXPECT_TRUE(
      absl::IsInvalidArgument(SendBundle(ours_.get(), large, Deadline::In(absl::Seconds(1)))));
}

TEST_F(FdBundleTest, ASilentPeerIsNotWaitedForLong) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      ReceiveBundle(theirs_.get(), Deadline::In(absl::Milliseconds(50))).status()));
  ours_.reset();
  EXPECT_TRUE(absl::IsUnavailable(Receive().status()));
}

}  // namespace
}  // namespace nsobs
