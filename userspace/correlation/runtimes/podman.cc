#include "userspace/correlation/runtimes/podman.h"

#include <utility>

#include "absl/strings/numbers.h"
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
    if (!IsFullId(query.id)) return std::nullopt;
    for (const std::string& storage : roots_.podman_storage) {
      auto record = FindIn(storage, query.id);
      if (!record) continue;
      AddState(&*record);
      if (record->init_pid == 0) AddPidFile(&*record);
      AddDatabase(storage, &*record);
      return record;
    }
    return std::nullopt;
  }

 private:
  static std::optional<RuntimeRecord> FindIn(const std::string& storage, const std::string& id) {
    // "overlay-containers" or "vfs-containers", by the storage driver.
    for (const std::string& name : ListDirectory(storage, kMaxStorageEntries)) {
      if (!name.ends_with("-containers")) continue;
      for (const char* list : {"/containers.json", "/volatile-containers.json"}) {
        const std::string path = storage + "/" + name + list;
        const auto file = ReadStateFile(path, kListCap);
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
    return record;
  }

  void AddState(RuntimeRecord* record) const {
    auto state = FindRuncState(roots_.runc, record->id);
    if (!state) state = FindCrunState(roots_.crun, record->id);
    if (!state) return;
    record->cgroup_paths = state->cgroup_paths;
    record->init_pid = state->init_pid;
    record->init_start_ticks = state->init_start_ticks;
    AddBundle(state->bundle, record);
    const auto sandbox = state->annotations.find(kSandboxAnnotation);
    if (sandbox != state->annotations.end()) record->pod_key = "podman:" + sandbox->second;
  }

  // What podman itself wrote down, where the state of its runtime lies somewhere else.
  void AddPidFile(RuntimeRecord* record) const {
    for (const std::string& run : roots_.podman_run) {
      for (const std::string& name : ListDirectory(run, kMaxStorageEntries)) {
        if (!name.ends_with("-containers")) continue;
        const auto file = ReadStateFile(run + "/" + name + "/" + record->id + "/userdata/pidfile");
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

  static void AddDatabase(const std::string& storage, RuntimeRecord* record) {
    const std::string pod_id = PodIdOf(*record);
    if (!pod_id.empty()) record->pod = pod_id.substr(0, kShortId);
    const auto database = ReadStateFile(storage + "/libpod/bolt_state.db", kDatabaseCap);
    if (!database) return;
    if (auto object = FindLibpodObject(database->text, record->id)) {
      record->labels = std::move(object->labels);
    }
    if (pod_id.empty()) return;
    if (auto object = FindLibpodObject(database->text, pod_id)) record->pod = object->name;
  }

  const RuntimeRoots& roots_;
};

}  // namespace

std::unique_ptr<RuntimeReader> MakePodmanReader(const RuntimeRoots& roots) {
  return std::make_unique<PodmanReader>(roots);
}

}  // namespace nsobs
