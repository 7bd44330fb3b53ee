// The control socket: what arrives is what was sent, and nobody can hold it up or bring it down.
#include "userspace/pipeline/control_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "absl/time/clock.h"
#include "userspace/base/mutex.h"
#include "userspace/base/seqpacket.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

constexpr int64_t kBoot = 1000;
constexpr int64_t kWall = 5000;

class ControlServerTest : public ::testing::Test {
 protected:
  void Start(uid_t allowed = geteuid()) {
    ControlHandlers handlers;
    handlers.store_snapshot = [this](SnapshotRow row) {
      if (full_) return false;
      row.on_stored(stored_as_);
      snapshots_.push_back(std::move(row));
      return true;
    };
    handlers.record_event = [this](ObservedEvent event) {
      if (full_) return false;
      events_.push_back(std::move(event));
      return true;
    };
    handlers.find_container = [this](const std::string&, const std::string& id) {
      return id == "7c75" ? web_ : nullptr;
    };
    auto server = ControlServer::Start(path_, allowed, &clock_, handlers);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  Json Ask(const std::string& text) {
    const auto fd = ConnectSeqpacket(path_);
    EXPECT_TRUE(fd.ok()) << fd.status();
    const Deadline deadline = Deadline::In(absl::Seconds(10));
    (void)SendMessage(fd->get(), text, deadline);  // it may refuse before it has read all
    const auto answer = ReceiveMessage(fd->get(), 1 << 20, deadline);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? Json::parse(*answer) : Json();
  }

  FakeClock clock_{kBoot, kWall};
  const std::string path_ = testing::TempDir() + "/ctl_" + std::to_string(getpid());
  const ContainerRef web_ = std::make_shared<Container>();
  bool full_ = false;
  absl::StatusOr<int64_t> stored_as_ = 12;
  std::vector<SnapshotRow> snapshots_;
  std::vector<ObservedEvent> events_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlServerTest, ASnapshotWithItsFindingsIsStored) {
  Start();
  const Json finding = {{"case", "net-dns"},
                        {"summary", "s"},
                        {"confidence", "likely"},
                        {"evidence", {{{"claim", "c"}, {"source", "/a"}, {"value", 7}}}},
                        {"fix", "f"},
                        {"check", "k"}};
  const Json container = {{"name", "web"}, {"id", "7c75"}, {"runtime", "podman"}};
  const Json request = {{"op", "store_snapshot"},
                        {"record", {{"version", 1}}},
                        {"container", container},
                        {"target", "web"},
                        {"findings", Json::array({finding})}};
  EXPECT_EQ(Ask(request.dump()), Json({{"ok", true}, {"id", 12}}));
  ASSERT_EQ(snapshots_.size(), 1u);
  const SnapshotRow& row = snapshots_[0];
  EXPECT_EQ(row.record, Json({{"version", 1}}));
  EXPECT_EQ(row.container, web_);  // the live one
  EXPECT_EQ(row.container_json, container);
  EXPECT_EQ(row.target, "web");
  EXPECT_EQ(row.rule, "");
  EXPECT_EQ(row.wall_ns, kWall);
  ASSERT_EQ(row.findings.size(), 1u);
  EXPECT_EQ(row.findings[0].confidence, Confidence::kLikely);
  EXPECT_EQ(ToJson(row.findings[0], 0, nullptr)["evidence"], finding["evidence"]);
}

TEST_F(ControlServerTest, AnEntryIsAnEventOfWhoAsked) {
  Start();
  const Json request = {{"op", "record_entry"},
                        {"container", {{"name", "db"}, {"id", "99"}, {"runtime", "runc"}}},
                        {"command", "ss -ltn"},
                        {"kinds", {"net", "mnt"}},
                        {"duration_ns", 400},
                        {"exit_code", 3},
                        {"process", {{"comm", "nsobserver"}, {"uid", 0}, {"login_uid", 1000}}},
                        {"namespaces", {{"net", 4026532846}}}};
  EXPECT_EQ(Ask(request.dump()), Json({{"ok", true}}));
  ASSERT_EQ(events_.size(), 1u);
  const ObservedEvent& e = events_[0];
  EXPECT_EQ(e.event.kind, EventKind::kEntry);
  EXPECT_EQ(e.event.process.pid, static_cast<uint32_t>(getpid()));  // the kernel's word
  EXPECT_EQ(e.event.process.login_uid, 1000u);
  EXPECT_EQ(e.event.process.namespaces[NamespaceKind::kNet].inode, 4026532846u);
  EXPECT_EQ(e.event.boot_ns, kBoot - 400);
  EXPECT_EQ(e.wall_ns, kWall - 400);
  EXPECT_EQ(e.last_wall_ns, kWall);
  ASSERT_NE(e.container, nullptr);
  EXPECT_EQ(e.container->name, "db");
  EXPECT_TRUE(e.entered);
  EXPECT_EQ(e.entered_from, nullptr);
  const EnterUse& entry = std::get<EnterUse>(e.event.detail);
  EXPECT_EQ(entry.tool, "nsobserver enter");
  EXPECT_EQ(entry.command, "ss -ltn");
  EXPECT_EQ(entry.exit_code, 3);
  EXPECT_EQ(entry.kinds, 1 << static_cast<int>(NamespaceKind::kNet) |
                             1 << static_cast<int>(NamespaceKind::kMnt));
}

TEST_F(ControlServerTest, NonsenseIsRefusedInAWord) {
  Start();
  const std::string deep(1000, '[');
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("[]"), std::string("{}"), deep,
        std::string(R"({"op":"quit"})"), std::string(R"({"op":"store_snapshot","record":1})"),
        std::string(R"({"op":"store_snapshot","record":{},"findings":[{}]})"),
        std::string(R"({"op":"record_entry","kinds":[1]})")}) {
    const Json answer = Ask(text);
    EXPECT_EQ(answer["ok"], false) << text;
    EXPECT_NE(answer["error"], "") << text;
  }
  // Fields of other types are as if they were absent.
  EXPECT_EQ(Ask(R"({"op":"record_entry","kinds":7,"process":[],"duration_ns":-5})")["ok"], true);
  EXPECT_TRUE(snapshots_.empty());
}

TEST_F(ControlServerTest, WhatIsTooLongIsRefused) {
  Start();
  const auto fd = ConnectSeqpacket(path_);
  ASSERT_TRUE(fd.ok());
  const Deadline deadline = Deadline::In(absl::Seconds(10));
  (void)SendMessage(fd->get(), std::string(kMaxControlBytes + 1, ' '), deadline);
  const auto answer = ReceiveMessage(fd->get(), 1000, deadline);
  if (answer.ok()) {
    EXPECT_THAT(*answer, HasSubstr("longer than"));
  }
  EXPECT_EQ(Ask("{}")["ok"], false);  // it lives
}

TEST_F(ControlServerTest, FailuresAreTold) {
  Start();
  const std::string request = R"({"op":"store_snapshot","record":{}})";
  stored_as_ = absl::ResourceExhaustedError("the disk is full");
  EXPECT_EQ(Ask(request), Json({{"ok", false}, {"error", "the disk is full"}}));
  full_ = true;
  EXPECT_THAT(Ask(request)["error"].get<std::string>(), HasSubstr("no room"));
}

TEST_F(ControlServerTest, OthersAreRefused) {
  Start(geteuid() + 1);
  EXPECT_THAT(Ask("{}")["error"].get<std::string>(), HasSubstr("only root"));
}

TEST_F(ControlServerTest, OneWhoSaysNothingHoldsUpNobodyForLong) {
  Start();
  const auto silent = ConnectSeqpacket(path_);
  ASSERT_TRUE(silent.ok());
  EXPECT_EQ(Ask("{}")["ok"], false);
  server_.reset();
  EXPECT_TRUE(absl::IsNotFound(ConnectSeqpacket(path_).status()));
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace nsobs
