#include "userspace/timeline/event_body.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "userspace/base/clock.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

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
