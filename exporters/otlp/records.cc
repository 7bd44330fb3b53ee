#include "exporters/otlp/records.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "exporters/otlp/body_text.h"

namespace nsobs {
namespace {

using opentelemetry::proto::logs::v1::SeverityNumber;
namespace logs = opentelemetry::proto::logs::v1;

constexpr size_t kUidBytes = 16;

// What a kind of event weighs by itself; what it means is a finding's to say.
SeverityNumber SeverityOfEvent(std::string_view kind) {
  if (kind == "oom_kill") return logs::SEVERITY_NUMBER_ERROR;
  for (const std::string_view warning : {"connect_failure", "bind_failure", "file_failure",
                                         "dns_failure", "packet_drop", "loss", "gap"}) {
    if (kind == warning) return logs::SEVERITY_NUMBER_WARN;
  }
  return logs::SEVERITY_NUMBER_INFO;
}

SeverityNumber SeverityOfWord(std::string_view word) {
  if (word == "critical") return logs::SEVERITY_NUMBER_ERROR;
  return word == "warning" ? logs::SEVERITY_NUMBER_WARN : logs::SEVERITY_NUMBER_INFO;
}

std::string_view SeverityText(SeverityNumber severity) {
  if (severity >= logs::SEVERITY_NUMBER_ERROR) return "ERROR";
  return severity >= logs::SEVERITY_NUMBER_WARN ? "WARN" : "INFO";
}

std::string Text(const OrderedJson& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

int64_t Number(const OrderedJson& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<int64_t>() : 0;
}

std::optional<int64_t> UnixNanos(const std::string& rfc3339) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error)) return std::nullopt;
  return absl::ToUnixNanos(time);
}

// What OpenTelemetry has a name for in an event's own fields; `https://.../attributes/network`.
void AddNetwork(const OrderedJson& own, AttributeWriter& out) {
  const std::string protocol = Text(own, "protocol"), family = Text(own, "family");
  out.Add("network.transport", protocol.starts_with("unix") ? "unix" : protocol);
  if (family == "inet") out.Add("network.type", "ipv4");
  if (family == "inet6") out.Add("network.type", "ipv6");
}

struct OwnName {
  std::string_view key, name;
};
constexpr OwnName kOwnNames[] = {
    {"destination", "network.peer.address"}, {"server", "network.peer.address"},
    {"port", "network.peer.port"},           {"source", "network.local.address"},
    {"source_port", "network.local.port"},   {"errno_name", "error.type"},
};
constexpr OwnName kBindNames[] = {
    {"address", "network.local.address"},
    {"port", "network.local.port"},
    {"errno_name", "error.type"},
};

std::string_view NameOf(std::string_view kind, std::string_view key) {
  if (kind == "bind_failure") {
    for (const OwnName& own : kBindNames) {
      if (own.key == key) return own.name;
    }
    return "";
  }
  if (kind == "dns_failure" && key == "name") return "dns.question.name";
  for (const OwnName& own : kOwnNames) {
    if (own.key == key) return own.name;
  }
  return "";
}

// The event's own process and container once more.
bool IsRepetition(std::string_view kind, std::string_view key) {
  return (kind == "signal" && key == "target") || (kind == "oom_kill" && key == "victim") ||
         (kind == "container_start" && key == "init") ||
         (kind == "container_exit" && key == "init") || (kind == "loss" && key == "container") ||
         (kind == "entry" && key == "target");
}

void AddOwn(const std::string& kind, const OrderedJson& own, AttributeWriter& out) {
  if (own.contains("family")) AddNetwork(own, out);
  for (const auto& [key, value] : own.items()) {
    if (IsRepetition(kind, key)) continue;
    const std::string_view name = NameOf(kind, key);
    if (name.empty()) {
      out.AddTree(absl::StrCat("nsobserver.", kind, ".", key), value);
    } else {
      out.AddTree(name, value);
    }
  }
}

void AddEvent(const OrderedJson& event, AttributeWriter& out, OtlpRecord& record) {
  const std::string kind = Text(event, "kind");
  record.set_severity_number(SeverityOfEvent(kind));
  record.set_event_name(absl::StrCat("nsobserver.", kind));
  record.mutable_body()->set_string_value(EventText(event));
  out.Add("nsobserver.event.kind", kind);
  out.Add("nsobserver.event.id", Number(event, "id"));
  out.Add("nsobserver.event.count", Number(event, "count"));
  out.Add("nsobserver.event.boot_ns", Number(event, "boot_ns"));
  if (const auto last = UnixNanos(Text(event, "last_time"))) {
    out.Add("nsobserver.event.last_time_unix_nano", *last);
  }
  if (event.contains("container")) out.AddContainer("", event.at("container"));
  if (event.contains("entered_from")) {
    out.AddContainer("nsobserver.entered_from.", event.at("entered_from"));
  }
  if (event.contains("namespaces")) out.AddTree("nsobserver.namespace", event.at("namespaces"));
  if (event.contains("process")) out.AddProcess("", event.at("process"));
  if (event.contains(kind)) AddOwn(kind, event.at(kind), out);
}

void AddRecord(OtlpKind kind, const OrderedJson& object, AttributeWriter& out, OtlpRecord& record) {
  const std::string prefix = absl::StrCat("nsobserver.", std::string(Name(kind)));
  const bool finding = kind == OtlpKind::kFinding;
  record.set_severity_number(finding ? logs::SEVERITY_NUMBER_WARN
                                     : SeverityOfWord(Text(object, "severity")));
  record.set_event_name(prefix);
  const std::string summary = Text(object, "summary");
  record.mutable_body()->set_string_value(
      summary.empty() ? absl::StrCat("a look into ", Text(object, "target")) : summary);
  for (const auto& [key, value] : object.items()) {
    if (key == "container") {
      out.AddContainer("", value);
    } else if (key != "time" && key != "summary") {  // which have fields of their own
      out.AddTree(absl::StrCat(prefix, ".", key), value);
    }
  }
}

}  // namespace

std::string_view Name(OtlpKind kind) {
  switch (kind) {
    case OtlpKind::kEvent:
      return "event";
    case OtlpKind::kFinding:
      return "finding";
    case OtlpKind::kSnapshot:
      break;
  }
  return "snapshot";
}

std::string RecordUid(const std::string& host_id, OtlpKind kind, int64_t id,
                      std::string_view time) {
  const std::string of =
      absl::StrCat(host_id, "\n", std::string(Name(kind)), "\n", id, "\n", std::string(time));
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  EVP_Digest(of.data(), of.size(), digest, nullptr, EVP_sha256(), nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), kUidBytes));
}

std::optional<OtlpRecord> MakeOtlpRecord(OtlpKind kind, std::string_view json,
                                         const std::string& host_id) {
  const OrderedJson object = OrderedJson::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  const std::string time = Text(object, "time");
  const std::optional<int64_t> nanos = UnixNanos(time);
  if (!nanos) return std::nullopt;
  OtlpRecord record;
  record.set_time_unix_nano(static_cast<uint64_t>(*nanos));
  record.set_observed_time_unix_nano(static_cast<uint64_t>(*nanos));
  AttributeWriter out(&record);
  out.Add("log.record.uid", RecordUid(host_id, kind, Number(object, "id"), time));
  if (kind == OtlpKind::kEvent) {
    AddEvent(object, out, record);
  } else {
    AddRecord(kind, object, out, record);
  }
  record.set_severity_text(std::string(SeverityText(record.severity_number())));
  return record;
}

}  // namespace nsobs
