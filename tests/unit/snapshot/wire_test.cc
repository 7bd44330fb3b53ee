#include "userspace/snapshot/wire.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

SnapshotRequest Full() {
  SnapshotRequest request;
  request.target = {4711, 123456789};
  request.init_pid = 4700;
  for (const NamespaceKind kind : kNamespaceKinds)
    request.namespaces[kind].inode = 4026531833U + static_cast<uint32_t>(kind);
  request.sections = {Section::kNet, Section::kUser};
  request.peers = {{"db", "7c", {99, 5}, 4026532001}};
  request.mates = {{"cache", "8d", {98, 6}, 4026532002}};
  request.copied_up = true;
  request.protocol = "tcp";
  request.destination = "10.0.0.1";
  request.port = 5432;
  request.path = "/a\xff\x01";
  request.path.push_back('\0');
  request.cgroup_paths = {{"memory", "/docker/7c"}};
  request.bundle_config = "/run/config.json";
  request.deadline = absl::Milliseconds(1500);
  request.max_bytes = 4096;
  return request;
}

TEST(Wire, EveryFieldArrives) {
  const absl::StatusOr<std::string> bytes =
      EncodeRequest({.serial = 7, .has_net_fd = true, .request = Full()});
  ASSERT_TRUE(bytes.ok());
  const absl::StatusOr<WireRequest> got = DecodeRequest(*bytes);
  ASSERT_TRUE(got.ok()) << got.status();
  const SnapshotRequest want = Full();
  EXPECT_EQ(got->serial, 7U);
  EXPECT_TRUE(got->has_net_fd);
  EXPECT_EQ(got->request.target, want.target);
  EXPECT_EQ(got->request.init_pid, want.init_pid);
  EXPECT_EQ(got->request.namespaces, want.namespaces);
  EXPECT_EQ(got->request.sections, want.sections);
  ASSERT_EQ(got->request.peers.size(), 1U);
  EXPECT_EQ(got->request.peers[0].owner, "db");
  EXPECT_EQ(got->request.peers[0].process, want.peers[0].process);
  EXPECT_EQ(got->request.peers[0].inode, 4026532001U);
  ASSERT_EQ(got->request.mates.size(), 1U);
  EXPECT_EQ(got->request.mates[0].owner_id, "8d");
  EXPECT_EQ(got->request.mates[0].inode, 4026532002U);
  EXPECT_TRUE(got->request.copied_up);
  EXPECT_EQ(got->request.protocol, "tcp");
  EXPECT_EQ(got->request.destination, "10.0.0.1");
  EXPECT_EQ(got->request.port, 5432);
  EXPECT_EQ(got->request.path, want.path);
  EXPECT_EQ(got->request.cgroup_paths, want.cgroup_paths);
  EXPECT_EQ(got->request.bundle_config, want.bundle_config);
  EXPECT_EQ(got->request.deadline, want.deadline);
  EXPECT_EQ(got->request.max_bytes, 4096U);
}

TEST(Wire, TooMuchIsRefused) {
  SnapshotRequest request;
  request.peers.resize(kMaxPeers + 1);
  EXPECT_FALSE(EncodeRequest({.request = request}).ok());
  request.peers.clear();
  request.path.assign(kMaxRequestBytes, 'x');
  EXPECT_FALSE(EncodeRequest({.request = request}).ok());
}

TEST(Wire, AnyBytesAreTakenWithoutHarm) {
  const std::string good = *EncodeRequest({.request = Full()});
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(DecodeRequest(std::string_view(good).substr(0, size)).ok());
  for (size_t at = 0; at < good.size(); ++at)
    for (const char byte : {'\x00', '\x7f', '\xff', '\x80'}) {
      std::string bad = good;
      bad[at] = byte;
      DecodeRequest(bad).status().IgnoreError();
    }
}

// A list in a list in a list, 100,000 times: no stack is that deep.
TEST(Wire, NestingIsBounded) {
  EXPECT_FALSE(DecodeRequest(std::string(100'000, '\x81')).ok());
  EXPECT_FALSE(DecodeRequest(std::string(100'000, '\x9f')).ok());
  EXPECT_FALSE(DecodeRequest("\xa1\x61x" + std::string(9, '\x81') + "\x01").ok());
}

}  // namespace
}  // namespace nsobs
