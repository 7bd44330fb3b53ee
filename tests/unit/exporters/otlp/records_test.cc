// The contract's JSON as log records, field by field, read back by the protobuf classes.
#include "exporters/otlp/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace nsobs {
namespace {

using ::testing::IsSupersetOf;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string Show(const OtlpValue& value) {
  switch (value.value_case()) {
    case OtlpValue::kStringValue:
      return value.string_value();
    case OtlpValue::kIntValue:
      return std::to_string(value.int_value());
    case OtlpValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case OtlpValue::kArrayValue: {
      std::string out;
      for (const auto& item : value.array_value().values()) out += "<" + Show(item) + ">";
      return out;
    }
    default:
      return "?";
  }
}

std::map<std::string, std::string> Attributes(const OtlpRecord& record) {
  std::map<std::string, std::string> out;
  for (const auto& attribute : record.attributes()) {
    EXPECT_TRUE(out.emplace(attribute.key(), Show(attribute.value())).second)
        << attribute.key() << " stands twice";
  }
  return out;
}

constexpr char kConnect[] = R"({"id":7,"time":"2026-11-23T14:02:11.123456789Z","boot_ns":42,
  "kind":"connect_failure","count":3,"last_time":"2026-11-23T14:02:12.000000001Z",
  "container":{"name":"web","id":"7c75","runtime":"podman","image":"reg.io:5000/a/web:1.2",
    "pod":"web-0","pod_namespace":"shop","source":"cgroup","certain":true},
  "entered_from":{"name":"host","id":null,"runtime":"host","image":null,"pod":null,
    "pod_namespace":null,"source":"cgroup","certain":true},
  "namespaces":{"cgroup":1,"ipc":2,"mnt":3,"net":4,"pid":5,"time":6,"user":7,"uts":8},
  "process":{"pid":4711,"tid":4712,"ns_pid":1,"parent_pid":2,"comm":"curl","exe_args":"curl -s db",
    "uid":33,"login_uid":null,"start_boot_ns":40,"namespaces":{"net":4}},
  "connect_failure":{"protocol":"tcp","family":"inet","destination":"10.0.0.1","port":5432,
    "path":null,"source":"10.0.0.2","source_port":40000,"errno":111,"errno_name":"ECONNREFUSED",
    "phase":"later","duration_ns":1000,"destination_source":"kernel"}})";

TEST(OtlpRecords, AConnectFailureFieldByField) {
  const auto record = MakeOtlpRecord(OtlpKind::kEvent, kConnect, "host");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->time_unix_nano(), 1795442531123456789u);
  EXPECT_EQ(record->observed_time_unix_nano(), 1795442531123456789u);
  EXPECT_EQ(record->severity_number(), opentelemetry::proto::logs::v1::SEVERITY_NUMBER_WARN);
  EXPECT_EQ(record->severity_text(), "WARN");
  EXPECT_EQ(record->event_name(), "nsobserver.connect_failure");
  EXPECT_EQ(record->body().string_value(),
            "web: connect_failure ECONNREFUSED tcp 10.0.0.1:5432 by curl (pid 4711) (3 times)");
  std::map<std::string, std::string> attributes = Attributes(*record);
  EXPECT_EQ(attributes["log.record.uid"],
            RecordUid("host", OtlpKind::kEvent, 7, "2026-11-23T14:02:11.123456789Z"));
  attributes.erase("log.record.uid");
  EXPECT_THAT(
      attributes,
      UnorderedElementsAre(
          Pair("nsobserver.event.kind", "connect_failure"), Pair("nsobserver.event.id", "7"),
          Pair("nsobserver.event.count", "3"), Pair("nsobserver.event.boot_ns", "42"),
          Pair("nsobserver.event.last_time_unix_nano", "1795442532000000001"),
          Pair("container.name", "web"), Pair("container.id", "7c75"),
          Pair("container.runtime.name", "podman"),
          Pair("container.image.name", "reg.io:5000/a/web"), Pair("container.image.tags", "<1.2>"),
          Pair("k8s.pod.name", "web-0"), Pair("k8s.namespace.name", "shop"),
          Pair("nsobserver.container.source", "cgroup"),
          Pair("nsobserver.container.certain", "true"),
          Pair("nsobserver.entered_from.container.name", "host"),
          Pair("nsobserver.entered_from.container.runtime.name", "host"),
          Pair("nsobserver.entered_from.container.source", "cgroup"),
          Pair("nsobserver.entered_from.container.certain", "true"),
          Pair("nsobserver.namespace.cgroup", "1"), Pair("nsobserver.namespace.ipc", "2"),
          Pair("nsobserver.namespace.mnt", "3"), Pair("nsobserver.namespace.net", "4"),
          Pair("nsobserver.namespace.pid", "5"), Pair("nsobserver.namespace.time", "6"),
          Pair("nsobserver.namespace.user", "7"), Pair("nsobserver.namespace.uts", "8"),
          Pair("process.pid", "4711"), Pair("thread.id", "4712"), Pair("process.vpid", "1"),
          Pair("process.parent_pid", "2"), Pair("process.executable.name", "curl"),
          Pair("process.command_line", "curl -s db"), Pair("process.user.id", "33"),
          Pair("nsobserver.process.start_boot_ns", "40"), Pair("network.transport", "tcp"),
          Pair("network.type", "ipv4"), Pair("network.peer.address", "10.0.0.1"),
          Pair("network.peer.port", "5432"), Pair("network.local.address", "10.0.0.2"),
          Pair("network.local.port", "40000"), Pair("error.type", "ECONNREFUSED"),
          Pair("nsobserver.connect_failure.protocol", "tcp"),
          Pair("nsobserver.connect_failure.family", "inet"),
          Pair("nsobserver.connect_failure.errno", "111"),
          Pair("nsobserver.connect_failure.phase", "later"),
          Pair("nsobserver.connect_failure.duration_ns", "1000"),
          Pair("nsobserver.connect_failure.destination_source", "kernel")));
}

TEST(OtlpRecords, ASignalKeepsWhoSentItAndDoesNotRepeatItsTarget) {
  constexpr char kSignal[] = R"({"id":8,"time":"2026-11-23T14:02:11Z","kind":"signal","count":1,
    "container":null,"entered_from":null,"process":{"pid":5,"tid":5,"comm":"sleep"},
    "signal":{"signal":15,"name":"SIGTERM","result":"ignored",
      "sender":{"process":{"pid":9,"tid":9,"comm":"runc"},
                "container":{"name":"ci","id":"ab","runtime":"docker","certain":true}},
      "target":{"process":{"pid":5,"tid":5,"comm":"sleep"},"container":null}}})";
  const auto record = MakeOtlpRecord(OtlpKind::kEvent, kSignal, "host");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->body().string_value(),
            "host: signal SIGTERM ignored to sleep (pid 5) from runc (pid 9)");
  const auto attributes = Attributes(*record);
  EXPECT_THAT(attributes,
              IsSupersetOf({Pair("nsobserver.signal.sender.process.pid", "9"),
                            Pair("nsobserver.signal.sender.process.executable.name", "runc"),
                            Pair("nsobserver.signal.sender.container.name", "ci"),
                            Pair("nsobserver.signal.sender.container.id", "ab"),
                            Pair("nsobserver.signal.name", "SIGTERM"), Pair("process.pid", "5")}));
  for (const auto& [name, value] : attributes) {
    EXPECT_EQ(name.find(".target."), std::string::npos) << name;
  }
}

TEST(OtlpRecords, AFindingIsItsSummaryWithEvidence) {
  constexpr char kFinding[] = R"({"id":3,"time":"2026-11-23T14:02:11Z","case":"net-loopback",
    "container":{"name":"web","id":"7c75","runtime":"podman","image":"a@sha256:00","certain":true},
    "summary":"web cannot reach it","confidence":"certain",
    "evidence":[{"claim":"refused","source":"/a","value":1}],"fix":"do","check":"ss",
    "events":[7,9],"snapshot":2})";
  const auto record = MakeOtlpRecord(OtlpKind::kFinding, kFinding, "host");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->event_name(), "nsobserver.finding");
  EXPECT_EQ(record->severity_text(), "WARN");
  EXPECT_EQ(record->body().string_value(), "web cannot reach it");
  EXPECT_THAT(
      Attributes(*record),
      IsSupersetOf(
          {Pair("nsobserver.finding.case", "net-loopback"),
           Pair("nsobserver.finding.confidence", "certain"), Pair("nsobserver.finding.fix", "do"),
           Pair("nsobserver.finding.events", "<7><9>"),
           Pair("nsobserver.finding.evidence", R"(<{"claim":"refused","source":"/a","value":1}>)"),
           Pair("container.name", "web"), Pair("container.image.name", "a"),
           Pair("container.image.repo_digests", "<a@sha256:00>")}));
}

TEST(OtlpRecords, TheUidIsTheRowsOwn) {
  const std::string uid = RecordUid("host", OtlpKind::kEvent, 7, "t");
  EXPECT_EQ(uid.size(), 32u);
  EXPECT_EQ(uid, RecordUid("host", OtlpKind::kEvent, 7, "t"));
  EXPECT_NE(uid, RecordUid("other", OtlpKind::kEvent, 7, "t"));
  EXPECT_NE(uid, RecordUid("host", OtlpKind::kFinding, 7, "t"));
  EXPECT_NE(uid, RecordUid("host", OtlpKind::kEvent, 8, "t"));
  EXPECT_NE(uid, RecordUid("host", OtlpKind::kEvent, 7, "u")) << "a fresh timeline";
}

TEST(OtlpRecords, StringsAreBoundedAndValid) {
  OrderedJson event = OrderedJson::parse(kConnect);
  event["process"]["exe_args"] = std::string(kMaxAttributeBytes - 1, 'a') + "\xE2\x82\xAC";
  event["process"]["comm"] = "\x1b[31m";
  const auto record = MakeOtlpRecord(OtlpKind::kEvent, event.dump(), "host");
  ASSERT_TRUE(record);
  EXPECT_EQ(Attributes(*record)["process.command_line"], std::string(kMaxAttributeBytes - 1, 'a'));
  EXPECT_EQ(record->body().string_value().find('\x1b'), std::string::npos);
}

TEST(OtlpRecords, WhatIsNoObjectOfTheContractIsNoRecord) {
  for (const char* json : {"", "{", "[]", "{}", R"({"time":"yesterday","kind":"signal"})"}) {
    EXPECT_FALSE(MakeOtlpRecord(OtlpKind::kEvent, json, "host")) << json;
  }
}

}  // namespace
}  // namespace nsobs
