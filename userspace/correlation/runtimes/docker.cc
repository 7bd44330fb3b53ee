#include "userspace/correlation/runtimes/docker.h"

#include "userspace/correlation/blind_spots.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/runtimes/json_util.h"
#include "userspace/correlation/runtimes/oci_runtime.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

class DockerReader : public RuntimeReader {
 public:
  explicit DockerReader(const RuntimeRoots& roots) : roots_(roots) {}

  std::optional<RuntimeRecord> Find(const RuntimeQuery& query) override {
    if (!query.runtime.empty() || !IsFullId(query.id)) return std::nullopt;
    for (const std::string& data : roots_.docker_data) {
      if (auto record = FindIn(data, query.id)) return record;
    }
    // A daemon whose arguments weren't seen: the bundle names files of the data directory.
    for (const std::string& data : DataRootsOfBundle(query.id)) {
      if (auto record = FindIn(data, query.id)) return record;
    }
    return std::nullopt;
  }

 private:
  std::optional<RuntimeRecord> FindIn(const std::string& data, const std::string& id) const {
    const std::string path = data + "/containers/" + id + "/config.v2.json";
    const auto file = roots_.files.Read(path);
    const auto config = file ? ParseDockerConfig(file->text) : std::nullopt;
    if (!config || config->id != id || config->name.empty()) return std::nullopt;
    RuntimeRecord record = ToRecord(*config);
    const auto host = roots_.files.Read(data + "/containers/" + id + "/hostconfig.json");
    const auto host_config = host ? ParseObject(host->text) : std::nullopt;
    const std::string runtime = host_config ? StringAt(*host_config, "Runtime") : "";
    if (!runtime.empty()) record.oci_runtime = LowLevelRuntime(runtime);
    record.name_file = path;
    record.name_file_version = file->version;
    return record;
  }

  std::vector<std::string> DataRootsOfBundle(const std::string& id) const {
    std::vector<std::string> found;
    for (const std::string& state : roots_.containerd_state) {
      const auto file =
          roots_.files.Read(state + "/io.containerd.runtime.v2.task/moby/" + id + "/config.json");
      const auto spec = file ? ParseOciSpec(file->text) : std::nullopt;
      if (!spec) continue;
      for (const std::string& source : spec->mount_sources) {
        const size_t at = source.find("/containers/" + id + "/");
        if (at == std::string::npos || at == 0) continue;
        found.push_back(source.substr(0, at));
        break;
      }
    }
    return found;
  }

  RuntimeRecord ToRecord(const DockerConfig& config) const {
    RuntimeRecord record;
    record.runtime = "docker";
    record.id = config.id;
    record.name = config.name;
    if (!config.image.empty()) record.image = config.image;
    record.labels = config.labels;
    record.created_wall_ns = config.created_wall_ns;
    record.restart_count = config.restart_count;
    std::vector<std::string> runc_roots;
    for (const std::string& exec : roots_.docker_exec) {
      runc_roots.push_back(exec + "/runtime-runc/moby");
    }
    if (const auto state = FindRuncState(roots_.files, runc_roots, config.id)) {
      record.cgroup_paths = state->cgroup_paths;
      record.init_pid = state->init_pid;
      record.init_start_ticks = state->init_start_ticks;
      record.oci_runtime = "runc";
      AddBundle(roots_.files, state->bundle, &record);
    }
    return record;
  }

  const RuntimeRoots& roots_;
};

}  // namespace

std::unique_ptr<RuntimeReader> MakeDockerReader(const RuntimeRoots& roots) {
  return std::make_unique<DockerReader>(roots);
}

}  // namespace nsobs
