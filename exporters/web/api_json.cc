#include "exporters/web/api_json.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "userspace/base/clock.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

constexpr int64_t kNsPerMicrosecond = 1000;

Json TextOrNull(const std::optional<std::string>& text) {
  return text ? Json(ToUtf8(*text)) : Json(nullptr);
}

Json TimeOrNull(int64_t wall_ns) {
  return wall_ns == 0 ? Json(nullptr) : Json(FormatRfc3339(wall_ns));
}

// The namespace that explains an event of this kind.
NamespaceKind TellingKind(EventKind kind) {
  switch (kind) {
    case EventKind::kSignal:
    case EventKind::kOomKill:
    case EventKind::kProcessExec:
    case EventKind::kProcessExit:
      return NamespaceKind::kPid;
    case EventKind::kFileFailure:
      return NamespaceKind::kMnt;
    case EventKind::kCgroupChange:
      return NamespaceKind::kCgroup;
    case EventKind::kNamespaceChange:
    case EventKind::kConnectFailure:
    case EventKind::kContainerStart:
    case EventKind::kContainerExit:
    case EventKind::kLoss:
    case EventKind::kGap:
    case EventKind::kEntry:
    case EventKind::kPacketDrop:
    case EventKind::kBindFailure:
    case EventKind::kDnsFailure:
      return NamespaceKind::kNet;
  }
  return NamespaceKind::kNet;
}

void Append(std::string* column, int64_t value) {
  absl::StrAppend(column, column->empty() ? "" : ",", value);
}

}  // namespace

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ContainerJson(const StoredContainer& stored) {
  const Container& c = stored.container;
  Json labels = Json::object();
  for (const auto& [key, value] : c.labels) labels[ToUtf8(key)] = ToUtf8(value);
  return {{"ref", stored.ref},
          {"name", ToUtf8(c.name)},
          {"id", ToUtf8(c.id)},
          {"runtime", ToUtf8(c.runtime)},
          {"image", TextOrNull(c.image)},
          {"pod", TextOrNull(c.pod)},
          {"pod_namespace", TextOrNull(c.pod_namespace)},
          {"labels", std::move(labels)},
          {"source", ToUtf8(c.source)},
          {"certain", c.certain},
          {"init_pid", c.init.pid == 0 ? Json(nullptr) : Json(c.init.pid)},
          {"namespaces", ToJson(c.namespaces)},
          {"generation", c.generation},
          {"health", TextOrNull(c.health)},
          {"blind_spots", c.blind_spots.empty() ? Json(nullptr) : Json(ToUtf8(c.blind_spots))},
          {"first_seen", TimeOrNull(stored.first_seen_wall_ns)},
          {"last_seen", TimeOrNull(stored.last_seen_wall_ns)},
          {"died", TimeOrNull(stored.died_wall_ns)}};
}

Json NamespaceJson(const StoredNamespace& stored) {
  return {{"kind", std::string(Name(stored.kind))},
          {"inode", stored.identity.inode},
          {"owner", stored.owner_name.empty() ? Json(nullptr) : Json(ToUtf8(stored.owner_name))},
          {"owner_id", stored.owner_id.empty() ? Json(nullptr) : Json(ToUtf8(stored.owner_id))},
          {"owner_runtime",
           stored.owner_runtime.empty() ? Json(nullptr) : Json(ToUtf8(stored.owner_runtime))},
          {"born", TimeOrNull(stored.born_wall_ns)},
          {"last_seen", TimeOrNull(stored.last_seen_wall_ns)},
          {"died", TimeOrNull(stored.died_wall_ns)}};
}

void MarkColumns::Add(const StoredEvent& event) {
  const NamespaceKind kind = TellingKind(event.kind);
  ++size_;
  Append(&id_, event.id);
  Append(&t_, event.time_ns / kNsPerMicrosecond);
  Append(&duration_, (event.last_time_ns - event.time_ns) / kNsPerMicrosecond);
  Append(&kind_, static_cast<int64_t>(event.kind));
  Append(&count_, event.count);
  Append(&container_, event.container);
  Append(&entered_, event.entered_from.value_or(-1));
  Append(&ns_kind_, static_cast<int64_t>(kind));
  Append(&ns_, event.namespaces[static_cast<size_t>(kind)]);
}

std::string MarkColumns::Finish(int64_t next) {
  Json kinds = Json::array({nullptr});
  for (size_t i = 1; i < kEventKindEnd; ++i) {
    kinds.push_back(std::string(Name(static_cast<EventKind>(i))));
  }
  Json ns_kinds = Json::array();
  for (const NamespaceKind kind : kNamespaceKinds) ns_kinds.push_back(std::string(Name(kind)));
  return absl::StrCat("{\"kinds\":", Dump(kinds), ",\"ns_kinds\":", Dump(ns_kinds), ",\"id\":[",
                      id_, "],\"t\":[", t_, "],\"duration\":[", duration_, "],\"kind\":[", kind_,
                      "],\"count\":[", count_, "],\"container\":[", container_, "],\"entered\":[",
                      entered_, "],\"ns_kind\":[", ns_kind_, "],\"ns\":[", ns_,
                      "],\"next\":", next == 0 ? "null" : absl::StrCat(next), "}");
}

}  // namespace nsobs
