#include "userspace/correlation/runtimes/oci_state.h"

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

#include "absl/time/time.h"
#include "userspace/correlation/runtimes/json_util.h"

namespace nsobs {
namespace {

constexpr size_t kPathCap = 4096;
constexpr size_t kMaxMounts = 64;
constexpr size_t kMaxControllers = 32;
constexpr size_t kEmbeddedObjectCap = 64 << 10;
constexpr int kMaxOccurrences = 16;

void AddLabel(std::string key, std::string value, Labels* labels) {
  if (labels->size() >= kMaxLabels || key.empty()) return;
  if (key.size() > kMaxLabelBytes) key.resize(kMaxLabelBytes);
  if (value.size() > kMaxLabelBytes) value.resize(kMaxLabelBytes);
  labels->emplace(std::move(key), std::move(value));
}

// {"key": "value"}; null is none.
Labels LabelsAt(const nlohmann::json& object, const char* key) {
  Labels labels;
  for (const auto& [name, value] : ObjectAt(object, key).items()) {
    if (value.is_string()) AddLabel(name, value.get<std::string>(), &labels);
  }
  return labels;
}

// runc keeps annotations as ["key=value", ..., "bundle=/path"].
void TakeRuncLabels(const nlohmann::json& config, OciState* out) {
  const auto it = config.find("labels");
  if (it == config.end() || !it->is_array()) return;
  for (const auto& item : *it) {
    if (!item.is_string()) continue;
    const auto& text = item.get_ref<const std::string&>();
    const size_t equals = text.find('=');
    if (equals == std::string::npos) continue;
    if (text.compare(0, equals, "bundle") == 0) {
      out->bundle = text.substr(equals + 1);
    } else {
      AddLabel(text.substr(0, equals), text.substr(equals + 1), &out->annotations);
    }
  }
}

// By its type, or by an option as runc writes it.
bool IsBind(const nlohmann::json& mount) {
  if (StringAt(mount, "type") == "bind") return true;
  const auto options = mount.find("options");
  if (options == mount.end() || !options->is_array()) return false;
  return std::any_of(options->begin(), options->end(), [](const nlohmann::json& option) {
    return option == "bind" || option == "rbind";
  });
}

bool IsVolume(const std::string& destination) {
  static constexpr std::string_view kOfEngines[] = {
      "/etc/hosts",           "/etc/hostname", "/etc/resolv.conf",      "/run/.containerenv",
      "/dev/termination-log", "/run/secrets",  "/run/systemd/container"};
  if (!destination.starts_with('/') || destination.size() == 1) return false;
  for (const std::string_view below : {"/proc/", "/sys/", "/dev/"}) {
    if (destination.starts_with(below)) return false;
  }
  return std::find(std::begin(kOfEngines), std::end(kOfEngines), destination) ==
         std::end(kOfEngines);
}

// The JSON value at the front of `text`, whatever follows it.
std::optional<nlohmann::json> ParsePrefix(std::string text) {
  std::istringstream stream(std::move(text));
  nlohmann::json json;
  try {
    stream >> json;  // throws, unlike parse(), but stops at the end of the value
  } catch (const std::exception&) {
    return std::nullopt;
  }
  if (!json.is_object()) return std::nullopt;
  return json;
}

// The rest of the object in which `"id":"<id>"` stands, from there on. A quotation mark inside of a
// JSON string is escaped, so that what is found is always a member and never part of a value.
std::optional<nlohmann::json> ParseFromId(std::string_view text, size_t at) {
  if (at == 0 || (text[at - 1] != '{' && text[at - 1] != ',')) return std::nullopt;
  std::string object("{");
  object.append(text.substr(at, kEmbeddedObjectCap));
  return ParsePrefix(std::move(object));
}

// Calls `take` with what follows each place of `"id":"<id>"` until it returns true.
template <typename Take>
bool ForEachId(std::string_view text, std::string_view id, Take take) {
  const std::string needle = "\"id\":\"" + std::string(id) + "\"";
  size_t at = text.find(needle);
  for (int i = 0; i < kMaxOccurrences && at != std::string_view::npos; ++i) {
    if (const auto json = ParseFromId(text, at); json && take(*json)) return true;
    at = text.find(needle, at + needle.size());
  }
  return false;
}

}  // namespace

int64_t ParseCreated(std::string_view rfc3339) {
  absl::Time time;
  if (rfc3339.size() > 64 ||
      !absl::ParseTime(absl::RFC3339_full, absl::string_view(rfc3339.data(), rfc3339.size()), &time,
                       nullptr)) {
    return 0;
  }
  return std::max<int64_t>(0, absl::ToUnixNanos(time));
}

std::optional<OciState> ParseRuncState(std::string_view text) {
  const auto json = ParseObject(text);
  if (!json) return std::nullopt;
  OciState out;
  out.id = StringAt(*json, "id", 1024);
  out.init_pid = PidAt(*json, "init_process_pid");
  out.init_start_ticks = UnsignedAt(*json, "init_process_start");
  for (const auto& [controller, path] : ObjectAt(*json, "cgroup_paths").items()) {
    if (!path.is_string() || out.cgroup_paths.size() >= kMaxControllers) continue;
    std::string value = path.get<std::string>();
    if (value.size() <= kPathCap) out.cgroup_paths.emplace(controller, std::move(value));
  }
  out.created_wall_ns = ParseCreated(StringAt(*json, "created"));
  TakeRuncLabels(ObjectAt(*json, "config"), &out);
  return out;
}

std::optional<OciState> ParseCrunStatus(std::string_view text) {
  const auto json = ParseObject(text);
  if (!json) return std::nullopt;
  OciState out;
  out.init_pid = PidAt(*json, "pid");
  out.init_start_ticks = UnsignedAt(*json, "process-start-time");
  out.bundle = StringAt(*json, "bundle", kPathCap);
  out.created_wall_ns = ParseCreated(StringAt(*json, "created"));
  const std::string path = StringAt(*json, "cgroup-path", kPathCap);
  // The same path in every hierarchy, relative to its root.
  if (!path.empty()) out.cgroup_paths = {{"", path}, {"memory", path}};
  return out;
}

Labels AnnotationsOf(const nlohmann::json& spec) { return LabelsAt(spec, "annotations"); }

std::optional<OciSpec> ParseOciSpec(std::string_view text) {
  const auto json = ParseObject(text);
  if (!json) return std::nullopt;
  OciSpec out;
  out.annotations = LabelsAt(*json, "annotations");
  out.hostname = StringAt(*json, "hostname");
  out.cgroups_path = StringAt(ObjectAt(*json, "linux"), "cgroupsPath", kPathCap);
  out.root_path = StringAt(ObjectAt(*json, "root"), "path", kPathCap);
  const auto mounts = json->find("mounts");
  if (mounts == json->end() || !mounts->is_array()) return out;
  for (const auto& mount : *mounts) {
    if (!mount.is_object() || out.mount_sources.size() >= kMaxMounts) continue;
    std::string source = StringAt(mount, "source", kPathCap);
    if (source.empty()) continue;
    std::string destination = StringAt(mount, "destination", kPathCap);
    if (source.starts_with('/') && IsBind(mount) && IsVolume(destination)) {
      out.volumes.push_back(std::move(destination));
    }
    out.mount_sources.push_back(std::move(source));
  }
  return out;
}

std::optional<DockerConfig> ParseDockerConfig(std::string_view text) {
  const auto json = ParseObject(text);
  if (!json) return std::nullopt;
  DockerConfig out;
  out.id = StringAt(*json, "ID");
  out.name = StringAt(*json, "Name");
  if (out.name.starts_with("/")) out.name.erase(0, 1);
  const auto& config = ObjectAt(*json, "Config");
  out.image = StringAt(config, "Image", 1024);
  out.labels = LabelsAt(config, "Labels");
  const auto& state = ObjectAt(*json, "State");
  const auto running = state.find("Running");
  out.running = running != state.end() && running->is_boolean() && running->get<bool>();
  out.pid = PidAt(state, "Pid");
  out.created_wall_ns = ParseCreated(StringAt(*json, "Created"));
  out.restart_count = PidAt(*json, "RestartCount");
  return out;
}

std::optional<StorageContainer> FindStorageContainer(std::string_view text, std::string_view id) {
  StorageContainer out;
  const bool found = ForEachId(text, id, [&](const nlohmann::json& json) {
    const auto names = json.find("names");  // an array: no label can look like it
    if (names == json.end() || !names->is_array()) return false;
    out.id = std::string(id);
    out.created_wall_ns = ParseCreated(StringAt(json, "created"));
    if (!names->empty() && names->front().is_string()) out.name = names->front();
    const auto metadata = ParseObject(StringAt(json, "metadata", kEmbeddedObjectCap));
    if (!metadata) return true;
    if (metadata->contains("pod-id")) return false;  // CRI-O shares the storage, but not the names
    out.image = StringAt(*metadata, "image-name", 1024);
    if (out.name.empty()) out.name = StringAt(*metadata, "name");
    return true;
  });
  if (!found || out.name.size() > kMaxNameBytes) return std::nullopt;
  return out;
}

std::optional<LibpodObject> FindLibpodObject(std::string_view database, std::string_view id) {
  LibpodObject out;
  const bool found = ForEachId(database, id, [&](const nlohmann::json& json) {
    // A label may be called "id", too, as the author of an image likes; but labels hold no numbers.
    const auto lock = json.find("lockID");
    if (lock == json.end() || !lock->is_number()) return false;
    out.name = StringAt(json, "name");
    out.labels = LabelsAt(json, "labels");
    out.pod_id = StringAt(json, "pod");
    out.runtime = StringAt(json, "runtime");
    const auto pause = json.find("pause");  // libpod's IsInfra
    out.infra = pause != json.end() && pause->is_boolean() && pause->get<bool>();
    return !out.name.empty();
  });
  if (!found) return std::nullopt;
  return out;
}

}  // namespace nsobs
