// Docker and Podman: JSON over HTTP.
#include <limits>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/enrichment/ask.h"
#include "userspace/enrichment/ask_kinds.h"
#include "userspace/enrichment/bounded_json.h"

namespace nsobs {
namespace {

using Json = nlohmann::json;

constexpr char kLibpod[] = "/v4.0.0/libpod";

const Json& Child(const Json& object, const char* key) {
  static const Json* const kNothing = new Json();
  if (!object.is_object()) return *kNothing;
  const auto it = object.find(key);
  return it == object.end() ? *kNothing : *it;
}

std::optional<uint32_t> NumberAt(const Json& object, const char* key) {
  const Json& value = Child(object, key);
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<uint64_t>();
  if (number > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return static_cast<uint32_t>(number);
}

std::map<std::string, std::string> LabelsAt(const Json& object) {
  std::map<std::string, std::string> labels;
  const Json& found = Child(object, "Labels");
  if (!found.is_object()) return labels;
  for (const auto& [key, value] : found.items()) {
    if (value.is_string()) labels.emplace(key, value.get<std::string>());
  }
  return labels;
}

// What both say alike.
absl::StatusOr<EngineAnswer> ParseInspect(const Json& json) {
  EngineAnswer answer;
  answer.id = TextAt(json, "Id");
  if (answer.id.empty()) return NoSense();
  const Json& state = Child(json, "State");
  answer.pid = NumberAt(state, "Pid").value_or(0);
  answer.health = TextAt(Child(state, "Health"), "Status");
  answer.restart_count = NumberAt(json, "RestartCount");
  answer.labels = LabelsAt(Child(json, "Config"));
  return answer;
}

}  // namespace

absl::StatusOr<EngineAnswer> ParseDockerInspect(std::string_view text) {
  const auto json = ParseObject(text, {"Id", "State", "RestartCount", "Config"},
                                {"Pid", "Health", "Labels", "Image"});
  if (!json) return NoSense();
  NSOBS_ASSIGN_OR_RETURN(EngineAnswer answer, ParseInspect(*json));
  answer.image = TextAt(Child(*json, "Config"), "Image");
  return answer;
}

absl::StatusOr<EngineAnswer> ParsePodmanInspect(std::string_view text, std::string* pod_id) {
  const auto json = ParseObject(text, {"Id", "State", "RestartCount", "Config", "ImageName", "Pod"},
                                {"Pid", "Health", "Labels"});
  if (!json) return NoSense();
  NSOBS_ASSIGN_OR_RETURN(EngineAnswer answer, ParseInspect(*json));
  answer.image = TextAt(*json, "ImageName");
  *pod_id = TextAt(*json, "Pod");
  return answer;
}

absl::StatusOr<std::string> ParsePodmanPod(std::string_view text, std::string_view pod_id) {
  const auto json = ParseObject(text, {"Id", "Name"}, {});
  if (!json || TextAt(*json, "Id") != pod_id) return NoSense();
  return TextAt(*json, "Name");
}

absl::StatusOr<EngineAnswer> AskDocker(const EngineSocket& socket, const Container& container,
                                       Transport* transport) {
  NSOBS_ASSIGN_OR_RETURN(
      const std::string body,
      transport->Get(socket, absl::StrCat("/containers/", container.id, "/json")));
  return ParseDockerInspect(body);
}

absl::StatusOr<EngineAnswer> AskPodman(const EngineSocket& socket, const Container& container,
                                       Transport* transport) {
  NSOBS_ASSIGN_OR_RETURN(
      const std::string body,
      transport->Get(socket, absl::StrCat(kLibpod, "/containers/", container.id, "/json")));
  std::string pod_id;
  NSOBS_ASSIGN_OR_RETURN(EngineAnswer answer, ParsePodmanInspect(body, &pod_id));
  // What files say of the pod stays; what we said of it before has to be said again.
  const bool is_known = container.pod && !container.enriched.contains("pod");
  if (is_known || !IsHexId(pod_id)) return answer;
  NSOBS_ASSIGN_OR_RETURN(const std::string pod,
                         transport->Get(socket, absl::StrCat(kLibpod, "/pods/", pod_id, "/json")));
  NSOBS_ASSIGN_OR_RETURN(answer.pod, ParsePodmanPod(pod, pod_id));
  return answer;
}

absl::StatusOr<std::string> PingHttp(const EngineSocket& socket, Transport* transport) {
  NSOBS_ASSIGN_OR_RETURN(const std::string body, transport->Get(socket, "/version"));
  const auto json = ParseObject(body, {"Version"}, {});
  if (!json) return NoSense();
  return TextAt(*json, "Version");
}

}  // namespace nsobs
