// The JSON that OCI runtimes and engines keep, read into plain structs. Pure; never throws; what is
// missing or of the wrong type is left empty, what isn't an object at all is nullopt.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nsobs {

// At most 64 of them, each cut to 256 bytes.
using Labels = std::map<std::string, std::string>;

// runc: <root>/<id>/state.json. crun: <root>/<id>/status, whose annotations stand in config.json.
struct OciState {
  std::string id;  // "" for crun: it is the directory's name
  uint32_t init_pid = 0;
  uint64_t init_start_ticks = 0;
  std::map<std::string, std::string> cgroup_paths;  // by controller, "" is cgroup2
  Labels annotations;
  std::string bundle;
  int64_t created_wall_ns = 0;  // 0: not told
};
// "2026-11-23T12:36:27.945652891Z" in nanoseconds since 1970; 0 for what is no time after that.
int64_t ParseCreated(std::string_view rfc3339);

std::optional<OciState> ParseRuncState(std::string_view text);
std::optional<OciState> ParseCrunStatus(std::string_view text);

// The annotations of an OCI spec; pure, as all here.
Labels AnnotationsOf(const nlohmann::json& spec);

// config.json of an OCI bundle.
struct OciSpec {
  Labels annotations;
  std::string hostname;
  std::string cgroups_path;
  std::string root_path;
  std::vector<std::string> mount_sources;  // at most 64
  // Destinations of bind mounts of the host's files, at most 64. Those that every engine makes
  // (/etc/hosts, /dev/shm and the like) and those below /proc, /sys and /dev are left out.
  std::vector<std::string> volumes;
};
std::optional<OciSpec> ParseOciSpec(std::string_view text);

// docker: config.v2.json.
struct DockerConfig {
  std::string id;
  std::string name;   // without the leading slash
  std::string image;  // the tag it was started by
  Labels labels;
  int64_t created_wall_ns = 0;  // 0: not told
  uint32_t restart_count = 0;
  bool running = false;
  uint32_t pid = 0;
};
std::optional<DockerConfig> ParseDockerConfig(std::string_view text);

// podman (containers/storage): one entry of containers.json or volatile-containers.json.
struct StorageContainer {
  std::string id;
  std::string name;
  std::string image;  // "image-name" of the metadata
  int64_t created_wall_ns = 0;
};
// The entry of container `id`, found without reading the rest of a file that lists them all.
std::optional<StorageContainer> FindStorageContainer(std::string_view text, std::string_view id);

// podman: labels of a container or the name of a pod, as its database (libpod/bolt_state.db) holds
// them: JSON objects among pages of a B-tree.
struct LibpodObject {
  std::string name;
  Labels labels;
  std::string pod_id;   // of a container; "": in no pod
  bool infra = false;   // holds the namespaces of its pod
  std::string runtime;  // name or path of its low-level runtime; "": not told
};
std::optional<LibpodObject> FindLibpodObject(std::string_view database, std::string_view id);

}  // namespace nsobs
