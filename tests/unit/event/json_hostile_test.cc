// Whatever bytes a container chooses: the JSON is valid and comes back as the sanitizer says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/event/samples.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

std::vector<std::string> HostileStrings() {
  std::vector<std::string> out = {std::string("\0", 1),
                                  "\"},{\"admin\":true",
                                  "\\u0000\\",
                                  "\r\n\t\b\f",
                                  "\x1B[2J",
                                  "</script><script>alert(1)</script>",
                                  "'; DROP TABLE events; --",
                                  "\xED\xA0\x80",
                                  "\xC0\xAF",
                                  "fifteen bytes \xC3",
                                  "\xE2\x80\xAE"
                                  "evil",
                                  std::string(3000, '\xFF')};
  for (int first = 0; first < 256; first += 32) {  // each byte between good ones
    std::string text;
    for (int byte = first; byte < first + 32; ++byte) text += {'a', static_cast<char>(byte), 'b'};
    out.push_back(text);
  }
  return out;
}

// Every string of the event is `text`.
std::vector<ObservedEvent> EventsFullOf(const std::string& text) {
  auto container = std::make_shared<Container>();
  container->name = container->id = container->runtime = container->source = text;
  container->image = container->pod = container->pod_namespace = text;
  Process process = SampleProcess(1, text);
  process.exe_args = text;
  ConnectFailure failure;
  failure.destination = failure.source = failure.path = text;
  Signal signal;
  signal.sender = process;
  OomKill kill;
  kill.trigger = process;
  kill.cgroup_path = text;
  CgroupChange cgroup;
  cgroup.path = text;
  PacketDrop drop;
  drop.source = drop.destination = drop.interface = text;
  BindFailure bind;
  bind.address = bind.path = text;
  FileFailure file;
  file.path = text;
  DnsFailure dns;
  dns.server = dns.name = text;
  const std::vector<std::pair<EventKind, EventDetail>> details = {
      {EventKind::kNamespaceChange, NamespaceChange{}},
      {EventKind::kConnectFailure, failure},
      {EventKind::kSignal, signal},
      {EventKind::kOomKill, kill},
      {EventKind::kCgroupChange, cgroup},
      {EventKind::kProcessExec, ProcessExec{text, false}},
      {EventKind::kProcessExit, ProcessExit{}},
      {EventKind::kContainerStart, ContainerStart{}},
      {EventKind::kContainerExit, ContainerExit{0, 0, 0, text}},
      {EventKind::kLoss, Loss{EventKind::kSignal, text, 1, 0, 0}},
      {EventKind::kGap, Gap{text, 0, 0}},
      {EventKind::kEntry, EnterUse{text, text, 0, 0, 0}},
      {EventKind::kPacketDrop, drop},
      {EventKind::kBindFailure, bind},
      {EventKind::kFileFailure, file},
      {EventKind::kDnsFailure, dns}};
  std::vector<ObservedEvent> out;
  for (const auto& [kind, detail] : details) {
    ObservedEvent event = SampleEvent(kind, detail);
    event.event.process = process;
    event.container = event.entered_from = event.peer = container;
    event.entered = true;
    out.push_back(std::move(event));
  }
  return out;
}

TEST(HostileJsonTest, ComesBackAsTheSanitizerSays) {
  for (const std::string& text : HostileStrings()) {
    const std::string clean = ToUtf8(text);
    for (const ObservedEvent& event : EventsFullOf(text)) {
      std::string dump;
      ASSERT_NO_THROW(dump = ToJson(event).dump()) << Name(event.event.kind);
      const Json back = Json::parse(dump);
      ASSERT_EQ(back, ToJson(event));
      EXPECT_EQ(back["container"]["name"], clean);
      EXPECT_EQ(back["entered_from"]["id"], clean);
      EXPECT_EQ(back["process"]["comm"], clean);
      EXPECT_EQ(back["process"]["exe_args"], clean);
      EXPECT_EQ(dump.find('\n'), std::string::npos);  // a line of JSONL stays one line
    }
  }
}

TEST(HostileJsonTest, TheDetailsToo) {
  const std::string text = "x\xFF\"\x1B";
  const std::string clean = "x\uFFFD\"\x1B";
  const std::vector<ObservedEvent> events = EventsFullOf(text);
  const auto detail = [&](EventKind kind) {
    for (const ObservedEvent& event : events) {
      if (event.event.kind == kind) return ToJson(event)[std::string(Name(kind))];
    }
    return Json();
  };
  EXPECT_EQ(detail(EventKind::kNamespaceChange)["target"]["name"], clean);
  for (const char* field : {"destination", "source", "path"}) {
    EXPECT_EQ(detail(EventKind::kConnectFailure)[field], clean) << field;
  }
  EXPECT_EQ(detail(EventKind::kSignal)["sender"]["process"]["comm"], clean);
  EXPECT_EQ(detail(EventKind::kSignal)["sender"]["container"]["image"], clean);
  EXPECT_EQ(detail(EventKind::kOomKill)["cgroup"], clean);
  EXPECT_EQ(detail(EventKind::kOomKill)["trigger"]["process"]["exe_args"], clean);
  EXPECT_EQ(detail(EventKind::kCgroupChange)["path"], clean);
  EXPECT_EQ(detail(EventKind::kProcessExec)["args"], clean);
  EXPECT_EQ(detail(EventKind::kContainerExit)["cause"], clean);
  EXPECT_EQ(detail(EventKind::kLoss)["cause"], clean);
  EXPECT_EQ(detail(EventKind::kGap)["cause"], clean);
  EXPECT_EQ(detail(EventKind::kPacketDrop)["interface"], clean);
  EXPECT_EQ(detail(EventKind::kBindFailure)["path"], clean);
  EXPECT_EQ(detail(EventKind::kFileFailure)["path"], clean);
  EXPECT_EQ(detail(EventKind::kDnsFailure)["name"], clean);
}

}  // namespace
}  // namespace nsobs
