#include "userspace/pipeline/control_request.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 100;  // what is written later is written by recursion
constexpr size_t kMaxFindings = 100;

bool TooDeep(std::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

const Json& Child(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto it = object.find(key);
  return it == object.end() ? null : *it;
}

std::string Text(const Json& object, const char* key) {
  const Json& value = Child(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

std::optional<std::string> TextOrNothing(const Json& object, const char* key) {
  const Json& value = Child(object, key);
  return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

template <typename T>
T Number(const Json& object, const char* key) {
  const Json& value = Child(object, key);
  return value.is_number_integer() ? value.get<T>() : T{};
}

ContainerRef ContainerOf(const Json& json, const FindContainer& find) {
  if (!json.is_object()) return nullptr;
  Container c;
  c.runtime = Text(json, "runtime");
  c.id = Text(json, "id");
  if (c.id.empty() || c.runtime.empty()) return nullptr;
  if (ContainerRef known = find ? find(c.runtime, c.id) : nullptr) return known;
  c.name = Text(json, "name");
  if (c.name.empty()) c.name = c.id;
  c.image = TextOrNothing(json, "image");
  c.pod = TextOrNothing(json, "pod");
  c.pod_namespace = TextOrNothing(json, "pod_namespace");
  c.source = Text(json, "source");
  const Json& certain = Child(json, "certain");
  c.certain = certain.is_boolean() && certain.get<bool>();
  return std::make_shared<const Container>(std::move(c));
}

absl::StatusOr<Finding> FindingOf(const Json& json) {
  Finding out;
  out.case_id = Text(json, "case");
  out.summary = Text(json, "summary");
  if (out.case_id.empty()) return absl::InvalidArgumentError("a finding without a case");
  for (const Confidence c : {Confidence::kCertain, Confidence::kLikely, Confidence::kUnknown}) {
    if (Name(c) == Text(json, "confidence")) out.confidence = c;
  }
  const Json& evidence = Child(json, "evidence");
  for (size_t i = 0; evidence.is_array() && i < evidence.size(); ++i) {
    out.evidence.push_back(
        {Text(evidence[i], "claim"), Text(evidence[i], "source"), Child(evidence[i], "value")});
  }
  out.fix = Text(json, "fix");
  out.check = Text(json, "check");
  return out;
}

absl::StatusOr<ControlRequest> SnapshotOf(const Json& json, const ControlContext& context) {
  SnapshotRow row;
  row.record = Child(json, "record");
  if (!row.record.is_object()) return absl::InvalidArgumentError("the record is missing");
  row.container_json = Child(json, "container");
  row.container = ContainerOf(row.container_json, context.find_container);
  row.target = Text(json, "target");
  row.wall_ns = context.wall_ns;
  const Json& baseline = Child(json, "baseline");
  if (baseline.is_boolean() && baseline.get<bool>()) row.rule = kBaselineRule;
  const Json& findings = Child(json, "findings");
  if (findings.is_array() && findings.size() > kMaxFindings) {
    return absl::InvalidArgumentError("too many findings");
  }
  for (size_t i = 0; findings.is_array() && i < findings.size(); ++i) {
    NSOBS_ASSIGN_OR_RETURN(Finding finding, FindingOf(findings[i]));
    row.findings.push_back(std::move(finding));
  }
  return row;
}

Process ProcessOf(const Json& json, const Json& namespaces, uint32_t pid) {
  Process p;
  p.pid = p.tid = p.ns_pid = pid;
  p.comm = Text(json, "comm");
  p.uid = Number<uint32_t>(json, "uid");
  p.start_boot_ns = Number<uint64_t>(json, "start_boot_ns");
  if (Child(json, "login_uid").is_number_integer())
    p.login_uid = Number<uint32_t>(json, "login_uid");
  for (const NamespaceKind kind : kNamespaceKinds) {
    p.namespaces[kind].inode = Number<uint32_t>(namespaces, std::string(Name(kind)).c_str());
  }
  return p;
}

absl::StatusOr<ControlRequest> EntryOf(const Json& json, const ControlContext& context) {
  EnterUse entry;
  entry.tool = "nsobserver enter";
  entry.command = Text(json, "command");
  entry.duration_ns = Number<uint64_t>(json, "duration_ns");
  entry.exit_code = Number<int>(json, "exit_code");
  const Json& kinds = Child(json, "kinds");
  for (size_t i = 0; kinds.is_array() && i < kinds.size(); ++i) {
    const auto kind =
        NamespaceKindFromName(kinds[i].is_string() ? kinds[i].get<std::string>() : "");
    if (!kind) return absl::InvalidArgumentError("not a kind of namespace");
    entry.kinds |= static_cast<uint8_t>(1 << static_cast<int>(*kind));
  }
  // It is told when it is over; the row's time is that of the beginning, as of every event.
  const auto duration =
      static_cast<int64_t>(std::min<uint64_t>(entry.duration_ns, context.boot_ns));
  ObservedEvent observed;
  observed.event.kind = EventKind::kEntry;
  observed.event.boot_ns = context.boot_ns - duration;
  observed.event.process =
      ProcessOf(Child(json, "process"), Child(json, "namespaces"), context.peer_pid);
  observed.event.detail = std::move(entry);
  observed.wall_ns = context.wall_ns - duration;
  observed.last_wall_ns = context.wall_ns;
  observed.container = ContainerOf(Child(json, "container"), context.find_container);
  observed.entered = observed.container != nullptr;
  return observed;
}

}  // namespace

absl::StatusOr<ControlRequest> ParseControlRequest(std::string_view text,
                                                   const ControlContext& context) {
  if (TooDeep(text)) return absl::InvalidArgumentError("nested too deeply");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("not a JSON object");
  const std::string op = Text(json, "op");
  if (op == "store_snapshot") return SnapshotOf(json, context);
  if (op == "record_entry") return EntryOf(json, context);
  return absl::InvalidArgumentError("an operation that this daemon doesn't know");
}

}  // namespace nsobs
