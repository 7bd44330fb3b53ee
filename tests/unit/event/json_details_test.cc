// Each kind's own fields, as the contract names them.
#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include "tests/unit/event/samples.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

Json DetailOf(const ObservedEvent& event) {
  const Json json = ToJson(event);
  EXPECT_EQ(json["kind"], Name(event.event.kind));
  return json[std::string(Name(event.event.kind))];
}

Json DetailOf(EventKind kind, EventDetail detail) {
  return DetailOf(SampleEvent(kind, std::move(detail)));
}

NamespaceChange SampleChange() {
  NamespaceChange change;
  change.operation = NamespaceChange::Operation::kUnshare;
  change.flags = 0x40000000;
  change.changed = 1 << static_cast<int>(NamespaceKind::kNet);
  change.from = SampleNamespaces(100);
  change.to = SampleNamespaces(200);
  return change;
}

TEST(NamespaceChangeJsonTest, OnlyWhatChangedIsListed) {
  ObservedEvent event = SampleEvent(EventKind::kNamespaceChange, SampleChange());
  event.peer = SampleContainer("blue");
  EXPECT_EQ(DetailOf(event), Json({{"operation", "unshare"},
                                   {"errno", 0},
                                   {"errno_name", nullptr},
                                   {"flags", 0x40000000},
                                   {"changes", {{"net", {{"from", 103}, {"to", 203}}}}},
                                   {"target", SampleContainerJson("blue")}}));
}

TEST(NamespaceChangeJsonTest, EachBitIsItsKind) {
  for (NamespaceKind kind : kNamespaceKinds) {
    NamespaceChange change = SampleChange();
    change.changed = static_cast<uint8_t>(1 << static_cast<int>(kind));
    const auto offset = static_cast<uint32_t>(kind);
    const Json changes = DetailOf(EventKind::kNamespaceChange, change)["changes"];
    EXPECT_EQ(changes,
              Json({{std::string(Name(kind)), {{"from", 100 + offset}, {"to", 200 + offset}}}}));
  }
  NamespaceChange all = SampleChange();
  all.changed = 0xFF;
  EXPECT_EQ(DetailOf(EventKind::kNamespaceChange, all)["changes"].size(), 8u);
}

TEST(NamespaceChangeJsonTest, FailureHasNoChangesAndNoTarget) {
  NamespaceChange change = SampleChange();
  change.operation = NamespaceChange::Operation::kSetns;
  change.changed = 0;
  change.error = EPERM;
  EXPECT_EQ(DetailOf(EventKind::kNamespaceChange, change), Json({{"operation", "setns"},
                                                                 {"errno", 1},
                                                                 {"errno_name", "EPERM"},
                                                                 {"flags", 0x40000000},
                                                                 {"changes", Json::object()},
                                                                 {"target", nullptr}}));
}

TEST(NamespaceChangeJsonTest, CloneNamesTheChild) {
  NamespaceChange change = SampleChange();
  change.operation = NamespaceChange::Operation::kClone;
  change.child_pid = 9000;
  change.child_ns_pid = 1;
  const Json json = DetailOf(EventKind::kNamespaceChange, change);
  EXPECT_EQ(json["operation"], "clone");
  EXPECT_EQ(json["child_pid"], 9000);
  EXPECT_EQ(json["child_ns_pid"], 1);
}

TEST(NamespaceChangeJsonTest, AnEntryTellsByWhom) {
  NamespaceChange change = SampleChange();
  change.operation = NamespaceChange::Operation::kSetns;
  ObservedEvent event = SampleEvent(EventKind::kNamespaceChange, change);
  event.entry =
      Entry{Entry::By::kStranger,
            {{7, "nsenter", "nsenter -t 1", 1000}, {6, "b\xff", std::nullopt, std::nullopt}},
            false};
  const Json json = ToJson(event)["namespace_change"];
  EXPECT_EQ(json["by"], "stranger");
  EXPECT_EQ(json["before_start"], false);
  EXPECT_EQ(
      json["lineage"],
      Json({{{"pid", 7}, {"comm", "nsenter"}, {"exe_args", "nsenter -t 1"}, {"login_uid", 1000}},
            {{"pid", 6},
             {"comm", "b\xef\xbf\xbd"},
             {"exe_args", nullptr},
             {"login_uid", nullptr}}}));
  event.entry->by = Entry::By::kEngine;
  EXPECT_EQ(ToJson(event)["namespace_change"]["by"], "engine");
  event.entry->by = Entry::By::kUnknown;
  EXPECT_EQ(ToJson(event)["namespace_change"]["by"], "unknown");
  event.entry.reset();
  EXPECT_FALSE(ToJson(event)["namespace_change"].contains("by"));
}

ConnectFailure SampleFailure() {
  ConnectFailure failure;
  failure.protocol = Protocol::kTcp;
  failure.phase = ConnectFailure::Phase::kLater;
  failure.destination_source = ConnectFailure::DestinationSource::kSocket;
  failure.family = AF_INET;
  failure.destination = "10.0.0.7";
  failure.port = 5432;
  failure.source = "10.0.0.2";
  failure.source_port = 40000;
  failure.error = ECONNREFUSED;
  failure.duration_ns = 250'000;
  return failure;
}

TEST(ConnectFailureJsonTest, Tcp) {
  EXPECT_EQ(DetailOf(EventKind::kConnectFailure, SampleFailure()),
            Json({{"protocol", "tcp"},
                  {"family", "inet"},
                  {"destination", "10.0.0.7"},
                  {"port", 5432},
                  {"path", nullptr},
                  {"source", "10.0.0.2"},
                  {"source_port", 40000},
                  {"errno", 111},
                  {"errno_name", "ECONNREFUSED"},
                  {"phase", "later"},
                  {"duration_ns", 250'000},
                  {"destination_source", "socket"}}));
}

TEST(PacketDropJsonTest, All) {
  PacketDrop drop;
  drop.protocol = Protocol::kUdp;
  drop.hook = PacketDrop::Hook::kInput;
  drop.family = AF_INET6;
  drop.source = "fd00::1";
  drop.source_port = 4000;
  drop.destination = "fd00::2";
  drop.port = 53;
  drop.interface = "eth0";
  drop.net.inode = 4026532846;
  EXPECT_EQ(DetailOf(EventKind::kPacketDrop, drop), Json({{"protocol", "udp"},
                                                          {"family", "inet6"},
                                                          {"source", "fd00::1"},
                                                          {"source_port", 4000},
                                                          {"destination", "fd00::2"},
                                                          {"port", 53},
                                                          {"interface", "eth0"},
                                                          {"netns", 4026532846},
                                                          {"hook", "input"},
                                                          {"reason", "netfilter"}}));
}

TEST(BindFailureJsonTest, All) {
  BindFailure failure;
  failure.family = AF_INET;
  failure.address = "0.0.0.0";
  failure.port = 80;
  failure.error = EADDRINUSE;
  EXPECT_EQ(DetailOf(EventKind::kBindFailure, failure), Json({{"operation", "bind"},
                                                              {"protocol", "tcp"},
                                                              {"family", "inet"},
                                                              {"address", "0.0.0.0"},
                                                              {"port", 80},
                                                              {"path", nullptr},
                                                              {"errno", 98},
                                                              {"errno_name", "EADDRINUSE"},
                                                              {"address_source", "caller"}}));
}

TEST(FileFailureJsonTest, All) {
  const FileFailure failure = {
      FileFailure::Operation::kMkdir, FileFailure::PathSource::kCaller, "/data", true, 0, EROFS};
  EXPECT_EQ(DetailOf(EventKind::kFileFailure, failure), Json({{"operation", "mkdir"},
                                                              {"path", "/data"},
                                                              {"truncated", true},
                                                              {"flags", 0},
                                                              {"errno", 30},
                                                              {"errno_name", "EROFS"},
                                                              {"path_source", "caller"}}));
}

TEST(DnsFailureJsonTest, All) {
  DnsFailure failure;
  failure.outcome = DnsFailure::Outcome::kNoAnswer;
  failure.family = AF_INET;
  failure.server = "10.0.0.53";
  failure.port = 53;
  failure.name = "db.example";
  failure.name_whole = true;
  failure.type = 28;
  failure.duration_ns = 4'000'000'000;
  failure.net.inode = 4026532846;
  Json expected = {{"protocol", "udp"},
                   {"family", "inet"},
                   {"server", "10.0.0.53"},
                   {"port", 53},
                   {"outcome", "no_answer"},
                   {"name", "db.example"},
                   {"name_truncated", false},
                   {"type", 28},
                   {"duration_ns", 4'000'000'000},
                   {"given_up", false},
                   {"netns", 4026532846}};
  EXPECT_EQ(DetailOf(EventKind::kDnsFailure, failure), expected);
  failure.name_whole = false;
  expected["name_truncated"] = true;
  EXPECT_EQ(DetailOf(EventKind::kDnsFailure, failure), expected);
  failure.name = "";
  failure.type = 0;
  failure.net.inode = 0;
  expected["name"] = expected["type"] = expected["netns"] = nullptr;
  expected["name_truncated"] = false;
  EXPECT_EQ(DetailOf(EventKind::kDnsFailure, failure), expected);
}

TEST(ConnectFailureJsonTest, UnixAndWhatIsNotKnown) {
  ConnectFailure failure;
  failure.protocol = Protocol::kUnixStream;
  failure.destination_source = ConnectFailure::DestinationSource::kCaller;
  failure.family = AF_UNIX;
  failure.path = "/run/db.sock";
  failure.error = ENOENT;
  EXPECT_EQ(DetailOf(EventKind::kConnectFailure, failure),
            Json({{"protocol", "unix_stream"},
                  {"family", "unix"},
                  {"destination", nullptr},
                  {"port", nullptr},
                  {"path", "/run/db.sock"},
                  {"source", nullptr},
                  {"source_port", nullptr},
                  {"errno", 2},
                  {"errno_name", "ENOENT"},
                  {"phase", "immediate"},
                  {"duration_ns", nullptr},
                  {"destination_source", "caller"}}));
}

TEST(SignalJsonTest, BothSidesWithTheirContainers) {
  Signal signal;
  signal.signal = SIGTERM;
  signal.code = SI_USER;
  signal.result = Signal::Result::kIgnored;
  signal.handler = Signal::Handler::kHandler;
  signal.group = false;
  signal.by_kernel = true;
  signal.sender = SampleProcess(50, "kill");
  ObservedEvent event = SampleEvent(EventKind::kSignal, signal);
  event.peer = SampleContainer("sender");
  const Json target = {{"process", SampleProcessJson(4711, "curl")},
                       {"container", SampleContainerJson("web")}};
  const Json sender = {{"process", SampleProcessJson(50, "kill")},
                       {"container", SampleContainerJson("sender")}};
  EXPECT_EQ(DetailOf(event), Json({{"signal", 15},
                                   {"name", "SIGTERM"},
                                   {"result", "ignored"},
                                   {"sender", sender},
                                   {"target", target},
                                   {"code", 0},
                                   {"by_kernel", true},
                                   {"to_thread", true},
                                   {"disposition", "handler"}}));
}

TEST(SignalJsonTest, SentInInterruptContextByNobody) {
  Signal signal;
  signal.signal = 36;
  signal.code = -2;
  const Json json = DetailOf(EventKind::kSignal, signal);
  EXPECT_EQ(json["sender"], Json({{"process", nullptr}, {"container", nullptr}}));
  EXPECT_EQ(json["name"], "SIGRTMIN+2");
  EXPECT_EQ(json["code"], -2);
  EXPECT_EQ(json["to_thread"], false);
  EXPECT_EQ(json["disposition"], "default");
}

OomKill SampleKill() {
  OomKill kill;
  kill.reason = OomKill::Reason::kCgroup;
  kill.trigger = SampleProcess(60, "hog");
  kill.cgroup_path = "/machine.slice/web";
  kill.limit_bytes = 1 << 26;
  kill.usage_bytes = (1 << 26) - 4096;
  kill.anon_bytes = 3;
  kill.file_bytes = 4;
  kill.shmem_bytes = 5;
  kill.oom_score_adj = -997;
  return kill;
}

TEST(OomKillJsonTest, ByALimit) {
  ObservedEvent event = SampleEvent(EventKind::kOomKill, SampleKill());
  event.event.process.ns_pid = 1;
  Json victim = SampleProcessJson(4711, "curl");
  victim["ns_pid"] = 1;
  EXPECT_EQ(DetailOf(event), Json({{"reason", "cgroup"},
                                   {"victim", {{"process", victim}, {"ns_pid", 1}}},
                                   {"trigger", {{"process", SampleProcessJson(60, "hog")}}},
                                   {"cgroup", "/machine.slice/web"},
                                   {"limit_bytes", 67'108'864},
                                   {"usage_bytes", 67'104'768},
                                   {"anon_bytes", 3},
                                   {"file_bytes", 4},
                                   {"shmem_bytes", 5},
                                   {"oom_score_adj", -997},
                                   {"victim_is_init", true}}));
}

TEST(OomKillJsonTest, OfTheHost) {
  OomKill kill = SampleKill();
  kill.reason = OomKill::Reason::kHost;
  kill.cgroup_path = "";
  kill.limit_bytes.reset();
  kill.trigger.pid = 0;
  const Json json = DetailOf(EventKind::kOomKill, kill);
  EXPECT_EQ(json["reason"], "host");
  EXPECT_EQ(json["cgroup"], nullptr);
  EXPECT_EQ(json["limit_bytes"], nullptr);
  EXPECT_EQ(json["trigger"], Json({{"process", nullptr}}));
  EXPECT_EQ(json["victim_is_init"], false);
}

TEST(ContextJsonTest, CgroupExecExit) {
  CgroupChange born;
  born.born = true;
  born.path = "/a/b";
  born.truncated = true;
  EXPECT_EQ(DetailOf(EventKind::kCgroupChange, born),
            Json({{"born", true}, {"path", "/a/b"}, {"truncated", true}}));
  EXPECT_EQ(DetailOf(EventKind::kProcessExec, ProcessExec{"a b", true}),
            Json({{"args", "a b"}, {"truncated", true}}));
  EXPECT_EQ(
      DetailOf(EventKind::kProcessExit, ProcessExit{3, 0, false, 99}),
      Json({{"exit_code", 3}, {"signal", nullptr}, {"core_dumped", false}, {"lifetime_ns", 99}}));
  EXPECT_EQ(
      DetailOf(EventKind::kProcessExit, ProcessExit{0, SIGSEGV, true, 99}),
      Json({{"exit_code", 0}, {"signal", "SIGSEGV"}, {"core_dumped", true}, {"lifetime_ns", 99}}));
}

TEST(ContainerLifeJsonTest, StartAndExit) {
  const Json init = SampleProcessJson(4711, "curl");
  EXPECT_EQ(DetailOf(EventKind::kContainerStart, ContainerStart{}), Json({{"init", init}}));
  EXPECT_EQ(DetailOf(EventKind::kContainerExit, ContainerExit{137, SIGKILL, 5, "oom"}),
            Json({{"init", init},
                  {"exit_code", 137},
                  {"signal", "SIGKILL"},
                  {"lifetime_ns", 5},
                  {"cause", "oom"}}));
  ObservedEvent unknown = SampleEvent(EventKind::kContainerExit, ContainerExit{1, 0, 5, "exited"});
  unknown.event.process.pid = 0;
  EXPECT_EQ(DetailOf(unknown)["init"], nullptr);
  EXPECT_EQ(DetailOf(unknown)["signal"], nullptr);
}

TEST(LossJsonTest, WhoWhatWhenWhyAndHowMuch) {
  const Loss loss = {EventKind::kConnectFailure, "budget", 12, kSampleWallNs,
                     kSampleWallNs + 1'000'000'000};
  EXPECT_EQ(DetailOf(EventKind::kLoss, loss), Json({{"of", "connect_failure"},
                                                    {"container", SampleContainerJson("web")},
                                                    {"cause", "budget"},
                                                    {"count", 12},
                                                    {"from", kSampleTime},
                                                    {"to", "2026-11-23T14:02:12.123456789Z"}}));
  ObservedEvent of_nobody = SampleEvent(EventKind::kLoss, loss);
  of_nobody.container = nullptr;
  EXPECT_EQ(DetailOf(of_nobody)["container"], nullptr);
}

TEST(GapJsonTest, NobodyLookedSoNothingWasCounted) {
  EXPECT_EQ(DetailOf(EventKind::kGap, Gap{"crashed", kSampleWallNs, kSampleWallNs + 1'000'000'000}),
            Json({{"container", nullptr},
                  {"cause", "crashed"},
                  {"count", nullptr},
                  {"from", kSampleTime},
                  {"to", "2026-11-23T14:02:12.123456789Z"},
                  {"part", "all"},
                  {"reason", nullptr}}));
}

TEST(GapJsonTest, APartOfTheWorkWasNotDone) {
  Gap gap{"helper_ended", kSampleWallNs, kSampleWallNs};
  gap.part = "web";
  gap.reason = "web: killed by signal 9";
  const Json detail = DetailOf(EventKind::kGap, gap);
  EXPECT_EQ(detail["part"], "web");
  EXPECT_EQ(detail["reason"], "web: killed by signal 9");
}

TEST(EntryJsonTest, WhoWentInWhereAndHowLong) {
  EnterUse entry;
  entry.tool = "nsobserver enter";
  entry.command = "ss -tlnp";
  entry.kinds = 1 << static_cast<int>(NamespaceKind::kNet);
  entry.duration_ns = 1'500'000;
  entry.exit_code = 3;
  EXPECT_EQ(DetailOf(EventKind::kEntry, entry), Json({{"tool", "nsobserver enter"},
                                                      {"command", "ss -tlnp"},
                                                      {"kinds", {"net"}},
                                                      {"target", SampleContainerJson("web")},
                                                      {"duration_ns", 1'500'000},
                                                      {"exit_code", 3}}));
}

}  // namespace
}  // namespace nsobs
