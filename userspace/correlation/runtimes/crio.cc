#include "userspace/correlation/runtimes/crio.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/runtimes/json_util.h"
#include "userspace/correlation/runtimes/oci_runtime.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxStorageEntries = 64;
constexpr size_t kLabelsCap = 64 << 10;

std::string Annotation(const nlohmann::json& annotations, const char* key,
                       size_t cap = kMaxNameBytes) {
  return StringAt(annotations, key, cap);
}

std::optional<std::string> IfGiven(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// The labels are one annotation, a JSON object in a string.
void TakeLabels(const nlohmann::json& annotations, RuntimeRecord* record) {
  const auto labels =
      ParseObject(Annotation(annotations, "io.kubernetes.cri-o.Labels", kLabelsCap));
  if (!labels) return;
  for (const auto& [key, value] : labels->items()) {
    if (!value.is_string() || record->labels.size() >= kMaxLabels) continue;
    if (key.empty() || key.size() > kMaxLabelBytes) continue;
    record->labels.emplace(key, value.get<std::string>().substr(0, kMaxLabelBytes));
  }
}

// nullopt if the bundle is not CRI-O's, or another container's.
std::optional<RuntimeRecord> ToRecord(const nlohmann::json& annotations, const std::string& id) {
  if (Annotation(annotations, "io.container.manager") != "cri-o") return std::nullopt;
  const std::string type = Annotation(annotations, "io.kubernetes.cri-o.ContainerType");
  const std::string told = Annotation(annotations, "io.kubernetes.cri-o.ContainerID");
  if (!told.empty() && told != id) return std::nullopt;
  RuntimeRecord record;
  record.runtime = "crio";
  record.id = id;
  record.sandbox = type == "sandbox";
  record.name = record.sandbox ? "POD" : Annotation(annotations, "io.kubernetes.container.name");
  if (record.name.empty()) return std::nullopt;
  record.image = IfGiven(Annotation(annotations, "io.kubernetes.cri-o.ImageName", 1024));
  record.pod = IfGiven(Annotation(annotations, "io.kubernetes.pod.name"));
  record.pod_namespace = IfGiven(Annotation(annotations, "io.kubernetes.pod.namespace"));
  record.pod_uid = IfGiven(Annotation(annotations, "io.kubernetes.pod.uid"));
  const std::string sandbox = Annotation(annotations, "io.kubernetes.cri-o.SandboxID");
  if (!sandbox.empty()) record.pod_key = "crio:" + sandbox;
  record.created_wall_ns = ParseCreated(Annotation(annotations, "io.kubernetes.cri-o.Created"));
  uint32_t restarts = 0;
  if (absl::SimpleAtoi(Annotation(annotations, "io.kubernetes.container.restartCount"),
                       &restarts)) {
    record.restart_count = restarts;
  }
  TakeLabels(annotations, &record);
  return record;
}

class CrioReader : public RuntimeReader {
 public:
  explicit CrioReader(const RuntimeRoots& roots) : roots_(roots) {}

  std::optional<RuntimeRecord> Find(const RuntimeQuery& query) override {
    if (!query.runtime.empty() || !IsFullId(query.id)) return std::nullopt;
    // conmon's arguments tell both by the same option, so that either may stand in either list.
    for (const auto* directories : {&roots_.podman_run, &roots_.podman_storage}) {
      for (const std::string& directory : *directories) {
        if (auto record = FindIn(directory, query.id)) return record;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<RuntimeRecord> FindIn(const std::string& directory, const std::string& id) const {
    for (const std::string& name : roots_.files.List(directory, kMaxStorageEntries)) {
      if (!name.ends_with("-containers")) continue;
      const std::string userdata = directory + "/" + name + "/" + id + "/userdata";
      const auto file = roots_.files.Read(userdata + "/config.json");
      const auto json = file ? ParseObject(file->text) : std::nullopt;
      auto record = json ? ToRecord(ObjectAt(*json, "annotations"), id) : std::nullopt;
      if (!record) continue;
      AddCgroup(*json, &*record);
      AddState(userdata, &*record);
      return record;
    }
    return std::nullopt;
  }

  // The path as the runtime was told it; the systemd driver's "slice:prefix:name" says less than
  // the state of the runtime.
  static void AddCgroup(const nlohmann::json& config, RuntimeRecord* record) {
    const std::string path = StringAt(ObjectAt(config, "linux"), "cgroupsPath", 4096);
    if (!path.starts_with('/')) return;
    record->cgroup_paths = {{"", path}, {"memory", path}};
  }

  void AddState(const std::string& userdata, RuntimeRecord* record) const {
    if (const auto state = FindRuncState(roots_.files, roots_.runc, record->id)) {
      record->oci_runtime = "runc";
      TakeState(*state, record);
    } else if (const auto crun = FindCrunState(roots_.files, roots_.crun, record->id)) {
      record->oci_runtime = "crun";
      TakeState(*crun, record);
    } else if (const auto pid = roots_.files.Read(userdata + "/pidfile", 32)) {
      if (!absl::SimpleAtoi(pid->text, &record->init_pid)) record->init_pid = 0;
    }
  }

  static void TakeState(const OciState& state, RuntimeRecord* record) {
    if (!state.cgroup_paths.empty()) record->cgroup_paths = state.cgroup_paths;
    record->init_pid = state.init_pid;
    record->init_start_ticks = state.init_start_ticks;
  }

  const RuntimeRoots& roots_;
};

}  // namespace

std::unique_ptr<RuntimeReader> MakeCrioReader(const RuntimeRoots& roots) {
  return std::make_unique<CrioReader>(roots);
}

}  // namespace nsobs
