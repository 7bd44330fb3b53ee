#include "userspace/timeline/event_body.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/clock.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHeadFields[] = {"id", "time", "boot_ns", "kind", "count", "last_time"};

}  // namespace

std::string EventBody(const ObservedEvent& event) {
  Json json = ToJson(event);
  for (const char* field : kHeadFields) json.erase(field);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> EventJson(const EventHead& head, std::string_view body) {
  const bool known = head.kind > 0 && head.kind < int64_t{kEventKindEnd};
  if (!known || body.size() < 3 || body.front() != '{' || !Json::accept(body)) return std::nullopt;
  const std::string kind(Name(static_cast<EventKind>(head.kind)));
  std::string json = absl::StrCat("{\"id\":", head.id, ",\"time\":\"", FormatRfc3339(head.time_ns),
                                  "\",\"boot_ns\":", head.boot_ns, ",\"kind\":\"", kind,
                                  "\",\"count\":", head.count);
  absl::StrAppend(&json, ",\"last_time\":\"", FormatRfc3339(head.last_time_ns), "\",");
  return json.append(body.substr(1));
}

}  // namespace nsobs
