#include "userspace/correlation/runtimes/podman.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "userspace/correlation/blind_spots.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/runtimes/oci_runtime.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

constexpr size_t kListCap = 16 << 20;  // some 20,000 containers
constexpr size_t kDatabaseCap = 16 << 20;
constexpr size_t kMaxStorageEntries = 64;
constexpr size_t kShortId = 12;

// Pods of podman are known by their infra container.
constexpr char kSandboxAnnotation[] = "io.kubernetes.cri-o.SandboxID";

class PodmanReader : public RuntimeReader {
 public:
  explicit PodmanReader(const RuntimeRoots& roots) : roots_(roots) {}

  std::optional<RuntimeRecord> Find(const RuntimeQuery& query) override {
    if (!query.runtime.empty() || !IsFullId(query.id)) return std::nullopt;
    for (const std::string& storage : roots_.podman_storage) {
      if (auto record = Complete(storage, query.id)) return record;
    }
    // A podman whose arguments weren't seen: its runtime was told where the bundle is.
    const std::string other = StorageOfBundle(query.id);
    return other.empty() ? std::nullopt : Complete(other, query.id);
  }

 private:
  std::optional<RuntimeRecord> Complete(const std::string& storage, const std::string& id) const {
    auto record = FindIn(storage, id);
    if (!record) return std::nullopt;
    AddState(&*record);
    if (record->init_pid == 0) AddPidFile(&*record);
    AddDatabase(storage, &*record);
    return record;
  }

  // "<storage>/<driver>-containers/<id>/userdata" -> "<storage>"; "" for any other bundle.
  std::string StorageOfBundle(const std::string& id) const {
    auto state = FindRuncState(roots_.files, roots_.runc, id);
    if (!state) state = FindCrunState(roots_.files, roots_.crun, id);
    const std::string ending = "-containers/" + id + "/userdata";
    if (!state || !state->bundle.ends_with(ending) || !state->bundle.starts_with('/')) return "";
    const std::string driver = state->bundle.substr(0, state->bundle.size() - ending.size());
    return driver.find("..") == std::string::npos ? driver.substr(0, driver.rfind('/')) : "";
  }

  std::optional<RuntimeRecord> FindIn(const std::string& storage, const std::string& id) const {
    // "overlay-containers" or "vfs-containers", by the storage driver.
    for (const std::string& name : roots_.files.List(storage, kMaxStorageEntries)) {
      if (!name.ends_with("-containers")) continue;
      for (const char* list : {"/containers.json", "/volatile-containers.json"}) {
        const std::string path = storage + "/" + name + list;
        const auto file = roots_.files.Read(path, kListCap);
        auto found = file ? FindStorageContainer(file->text, id) : std::nullopt;
        if (!found || found->name.empty()) continue;
        RuntimeRecord record = ToRecord(*std::move(found));
        record.name_file = path;
        record.name_file_version = file->version;
        return record;
      }
    }
    return std::nullopt;
  }

  static RuntimeRecord ToRecord(StorageContainer found) {
    RuntimeRecord record;
    record.runtime = "podman";
    record.id = std::move(found.id);
    record.name = std::move(found.name);
    if (!found.image.empty()) record.image = std::move(found.image);
    record.created_wall_ns = found.created_wall_ns;
    return record;
  }

  void AddState(RuntimeRecord* record) const {
    auto state = FindRuncState(roots_.files, roots_.runc, record->id);
    record->oci_runtime = "runc";
    if (!state) {
      state = FindCrunState(roots_.files, roots_.crun, record->id);
      record->oci_runtime = state ? "crun" : "";
    }
    if (!state) return;
    record->cgroup_paths = state->cgroup_paths;
    record->init_pid = state->init_pid;
    record->init_start_ticks = state->init_start_ticks;
    AddBundle(roots_.files, state->bundle, record);
    const auto sandbox = state->annotations.find(kSandboxAnnotation);
    if (sandbox == state->annotations.end()) return;
    record->pod_key = "podman:" + sandbox->second;
  }

  // What podman itself wrote down, where the state of its runtime lies somewhere else.
  void AddPidFile(RuntimeRecord* record) const {
    for (const std::string& run : roots_.podman_run) {
      for (const std::string& name : roots_.files.List(run, kMaxStorageEntries)) {
        if (!name.ends_with("-containers")) continue;
        const auto file =
            roots_.files.Read(run + "/" + name + "/" + record->id + "/userdata/pidfile");
        uint32_t pid = 0;
        if (file && absl::SimpleAtoi(file->text, &pid)) record->init_pid = pid;
        if (record->init_pid != 0) return;
      }
    }
  }

  // The pod's own id stands only in the cgroup path.
  static std::string PodIdOf(const RuntimeRecord& record) {
    for (const auto& [controller, path] : record.cgroup_paths) {
      const CgroupPath parsed = ParseCgroupPath(path);
      if (!parsed.pod_id.empty()) return parsed.pod_id;
    }
    return "";
  }

  void AddDatabase(const std::string& storage, RuntimeRecord* record) const {
    std::string pod_id = PodIdOf(*record);
    if (!pod_id.empty()) record->pod = pod_id.substr(0, kShortId);
    const auto database = roots_.files.Read(storage + "/libpod/bolt_state.db", kDatabaseCap);
    if (!database) return;
    if (auto object = FindLibpodObject(database->text, record->id)) {
      record->labels = std::move(object->labels);
      record->sandbox = object->infra;
      if (object->infra && record->pod_key.empty()) record->pod_key = "podman:" + record->id;
      if (!object->runtime.empty()) record->oci_runtime = LowLevelRuntime(object->runtime);
      // Where containers have no cgroup of their own, no path tells the pod.
      if (pod_id.empty() && IsFullId(object->pod_id)) pod_id = object->pod_id;
    }
    if (pod_id.empty()) return;
    record->pod = pod_id.substr(0, kShortId);
    if (auto object = FindLibpodObject(database->text, pod_id)) record->pod = object->name;
  }

  const RuntimeRoots& roots_;
};

}  // namespace

std::unique_ptr<RuntimeReader> MakePodmanReader(const RuntimeRoots& roots) {
  return std::make_unique<PodmanReader>(roots);
}

}  // namespace nsobs
