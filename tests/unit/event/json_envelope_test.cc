// The part of an event's JSON that all kinds have: when, who, where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/event/samples.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

TEST(EventJsonTest, TheWholeObjectInItsOrder) {
  ProcessExec exec;
  exec.args = "curl -s";
  const Json expected = {{"time", kSampleTime},
                         {"boot_ns", 123'456'789'012},
                         {"kind", "process_exec"},
                         {"count", 3},
                         {"last_time", "2026-11-23T14:02:12.123456789Z"},
                         {"container", SampleContainerJson("web")},
                         {"entered_from", nullptr},
                         {"namespaces", SampleNamespacesJson(471'100)},
                         {"process", SampleProcessJson(4711, "curl")},
                         {"process_exec", {{"args", "curl -s"}, {"truncated", false}}}};
  EXPECT_EQ(ToJson(SampleEvent(EventKind::kProcessExec, exec)), expected);
}

TEST(EventJsonTest, TheHostIsNull) {
  ObservedEvent event = SampleEvent(EventKind::kProcessExec, ProcessExec{});
  event.container = nullptr;
  EXPECT_EQ(ToJson(event)["container"], nullptr);
}

TEST(EventJsonTest, EnteredFromSaysWhoItReallyIs) {
  ObservedEvent event = SampleEvent(EventKind::kProcessExec, ProcessExec{});
  event.entered_from = SampleContainer("other");  // says nothing unless `entered`
  EXPECT_EQ(ToJson(event)["entered_from"], nullptr);
  event.entered = true;
  EXPECT_EQ(ToJson(event)["entered_from"], SampleContainerJson("other"));
}

TEST(EventJsonTest, EnteredFromTheHostHasTheShapeOfAContainer) {
  ObservedEvent event = SampleEvent(EventKind::kProcessExec, ProcessExec{});
  event.entered = true;
  const Json host = ToJson(event)["entered_from"];
  EXPECT_EQ(host, Json({{"name", "host"},
                        {"id", nullptr},
                        {"runtime", "host"},
                        {"image", nullptr},
                        {"pod", nullptr},
                        {"pod_namespace", nullptr},
                        {"source", "cgroup"},
                        {"certain", true}}));
  Json shape = SampleContainerJson("web");
  std::vector<std::string> fields, host_fields;
  for (const auto& [name, value] : shape.items()) fields.push_back(name);
  for (const auto& [name, value] : host.items()) host_fields.push_back(name);
  EXPECT_EQ(host_fields, fields);
}

TEST(EventJsonTest, AnUnknownProcessIsNullButItsNamespacesStay) {
  ObservedEvent event = SampleEvent(EventKind::kConnectFailure, ConnectFailure{});
  event.event.process.pid = 0;
  const Json json = ToJson(event);
  EXPECT_EQ(json["process"], nullptr);
  EXPECT_EQ(json["namespaces"], SampleNamespacesJson(471'100));
}

TEST(ProcessJsonTest, WhatIsNotKnownIsNull) {
  Process process = SampleProcess(1, "init");
  process.login_uid.reset();
  process.exe_args.reset();
  const Json json = ToJson(process);
  EXPECT_EQ(json["login_uid"], nullptr);
  EXPECT_EQ(json["exe_args"], nullptr);
  process.login_uid = 0;
  process.exe_args = "";
  EXPECT_EQ(ToJson(process)["login_uid"], 0);
  EXPECT_EQ(ToJson(process)["exe_args"], "");
}

TEST(ProcessJsonTest, NumbersKeepAllTheirBits) {
  Process process;
  process.pid = 4'194'304;
  process.uid = 0xFFFFFFFE;
  process.start_boot_ns = 0xFFFFFFFFFFFFFFFF;
  const Json json = Json::parse(ToJson(process).dump());
  EXPECT_EQ(json["uid"].get<uint32_t>(), 0xFFFFFFFE);
  EXPECT_EQ(json["start_boot_ns"].get<uint64_t>(), 0xFFFFFFFFFFFFFFFF);
}

TEST(NamespacesJsonTest, EachOfTheEightOrNull) {
  EXPECT_EQ(ToJson(SampleNamespaces(10)), SampleNamespacesJson(10));
  NamespaceSet some;
  some[NamespaceKind::kNet] = {4'026'531'833, 0};
  const Json json = ToJson(some);
  EXPECT_EQ(json.size(), 8u);
  for (NamespaceKind kind : kNamespaceKinds) {
    const Json& value = json[std::string(Name(kind))];
    EXPECT_EQ(value, kind == NamespaceKind::kNet ? Json(4'026'531'833) : Json(nullptr));
  }
}

TEST(ContainerJsonTest, OptionalFieldsAreNullAndPrivateOnesStayInside) {
  EXPECT_EQ(ToJson(SampleContainer("db")), SampleContainerJson("db"));
  auto plain = std::make_shared<Container>();
  plain->name = "netns blue";
  plain->id = "net:[4026532846]";
  plain->runtime = "netns";
  plain->source = "namespace";
  EXPECT_EQ(ToJson(ContainerRef(plain)), Json({{"name", "netns blue"},
                                               {"id", "net:[4026532846]"},
                                               {"runtime", "netns"},
                                               {"image", nullptr},
                                               {"pod", nullptr},
                                               {"pod_namespace", nullptr},
                                               {"source", "namespace"},
                                               {"certain", false}}));
  EXPECT_EQ(ToJson(ContainerRef()), nullptr);
}

TEST(EventBodyTest, LeavesOutWhatColumnsHold) {
  const std::string body = EventBody(ObservedEvent{});
  for (const char* field :
       {"\"id\":", "\"time\":\"", "\"boot_ns\":", "\"kind\":", "\"count\":", "\"last_time\":"}) {
    EXPECT_EQ(body.find(field), std::string::npos) << field << " in " << body;
  }
  EXPECT_THAT(body, ::testing::StartsWith("{\"container\":null,"));
}

}  // namespace
}  // namespace nsobs
