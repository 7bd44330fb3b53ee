#include "userspace/correlation/runtimes/containerd.h"

#include <charconv>
#include <utility>

#include "userspace/correlation/blind_spots.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/runtimes/oci_runtime.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxNamespaces = 64;
constexpr char kTasks[] = "/io.containerd.runtime.v2.task";
constexpr std::string_view kCri = "io.kubernetes.cri.";
// The containers of Docker lie in this namespace; their names do not.
constexpr char kDockerNamespace[] = "moby";

std::string Annotation(const OciSpec& spec, std::string_view key) {
  const auto it = spec.annotations.find(std::string(kCri).append(key));
  return it == spec.annotations.end() ? "" : it->second;
}

std::optional<std::string> IfAny(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// What Kubernetes says through CRI; false if the container isn't one of its.
bool TakeCri(const OciSpec& spec, RuntimeRecord* record) {
  const std::string type = Annotation(spec, "container-type");
  if (type.empty()) return false;
  // The pause container has no name of its own; "POD" is what the kubelet calls it.
  record->name = type == "sandbox" ? "POD" : Annotation(spec, "container-name");
  record->image = IfAny(Annotation(spec, "image-name"));
  record->pod = IfAny(Annotation(spec, "sandbox-name"));
  record->pod_namespace = IfAny(Annotation(spec, "sandbox-namespace"));
  record->pod_uid = IfAny(Annotation(spec, "sandbox-uid"));
  record->sandbox = type == "sandbox";
  const std::string sandbox = Annotation(spec, "sandbox-id");
  if (!sandbox.empty()) record->pod_key = "cri:" + sandbox;
  return true;
}

class ContainerdReader : public RuntimeReader {
 public:
  explicit ContainerdReader(const RuntimeRoots& roots) : roots_(roots) {}

  std::optional<RuntimeRecord> Find(const RuntimeQuery& query) override {
    if (!query.runtime.empty()) return std::nullopt;
    for (const std::string& state : roots_.containerd_state) {
      const std::string tasks = state + kTasks;
      for (const std::string& ns : NamespacesOf(tasks, query)) {
        if (auto record = FindIn(tasks + "/" + ns + "/" + query.id, ns, query.id)) return record;
      }
    }
    return std::nullopt;
  }

 private:
  std::vector<std::string> NamespacesOf(const std::string& tasks, const RuntimeQuery& query) const {
    if (!query.ns.empty()) return {query.ns};
    // Names that users choose are only unique within their namespace.
    if (!IsFullId(query.id)) return {};
    return roots_.files.List(tasks, kMaxNamespaces);
  }

  std::optional<RuntimeRecord> FindIn(const std::string& bundle, const std::string& ns,
                                      const std::string& id) const {
    if (ns == kDockerNamespace) return std::nullopt;
    const auto file = roots_.files.Read(bundle + "/config.json");
    const auto spec = file ? ParseOciSpec(file->text) : std::nullopt;
    if (!spec) return std::nullopt;
    RuntimeRecord record;
    record.runtime = "containerd";
    record.id = id;
    if (!TakeCri(*spec, &record)) record.name = id;
    if (record.name.empty()) return std::nullopt;
    for (const auto& [key, value] : spec->annotations) {
      if (!key.starts_with(kCri)) record.labels.emplace(key, value);
    }
    // Which shim runs it (containerd 1.6 and later).
    if (const auto shim = roots_.files.Read(bundle + "/shim-binary-path", 4096)) {
      record.oci_runtime = LowLevelRuntime(shim->text);
    }
    record.bundle_config = bundle + "/config.json";
    record.volumes = spec->volumes;
    AddState(bundle, ns, *spec, &record);
    return record;
  }

  void AddState(const std::string& bundle, const std::string& ns, const OciSpec& spec,
                RuntimeRecord* record) const {
    std::vector<std::string> runc_roots;
    for (const std::string& root : roots_.containerd_runc) runc_roots.push_back(root + "/" + ns);
    if (const auto state = FindRuncState(roots_.files, runc_roots, record->id)) {
      record->cgroup_paths = state->cgroup_paths;
      record->init_pid = state->init_pid;
      record->init_start_ticks = state->init_start_ticks;
      record->created_wall_ns = state->created_wall_ns;
      if (record->oci_runtime.empty()) record->oci_runtime = "runc";
      return;
    }
    if (!spec.cgroups_path.empty() && spec.cgroups_path.front() == '/') {
      std::string path = spec.cgroups_path;
      // Kata makes a cgroup of its own in the place of the one it was told (host-cgroups.md).
      if (record->oci_runtime == "kata") path.insert(path.rfind('/') + 1, "kata_");
      record->cgroup_paths = {{"", path}, {"memory", path}};
    }
    const auto pid = roots_.files.Read(bundle + "/init.pid", 32);
    if (!pid) return;
    const char* end = pid->text.data() + pid->text.size();
    std::from_chars(pid->text.data(), end, record->init_pid);
  }

  const RuntimeRoots& roots_;
};

}  // namespace

std::unique_ptr<RuntimeReader> MakeContainerdReader(const RuntimeRoots& roots) {
  return std::make_unique<ContainerdReader>(roots);
}

}  // namespace nsobs
