// What one runtime left on disk about its containers. Files only: no daemon is asked, and no path
// leads into a container's filesystem.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/correlation/runtimes/roots.h"
#include "userspace/correlation/runtimes/state_file.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {

struct RuntimeRecord {
  std::string runtime;  // "docker"
  std::string id;
  std::string name;
  std::optional<std::string> image;
  std::optional<std::string> pod;
  std::optional<std::string> pod_namespace;
  std::optional<std::string> pod_uid;
  std::string pod_key;  // the same for all containers of one pod; "": in no pod
  std::map<std::string, std::string> labels;

  // The low-level runtime below an engine, "runc", "crun", "runsc", "kata"; "": not told.
  std::string oci_runtime;
  int64_t created_wall_ns = 0;  // 0: not told
  std::optional<uint32_t> restart_count;
  bool sandbox = false;  // holds the namespaces of a pod, and is no container of its own
  // Only that it is there: its name stands in the files of an engine.
  bool of_engine = false;

  // By controller, as in runc's state: "" for cgroup2. As paths from the root of the hierarchy, or
  // with a mount point before it. Empty: the runtime doesn't say.
  std::map<std::string, std::string> cgroup_paths;
  uint32_t init_pid = 0;          // in the host's pid namespace; 0: not known
  uint64_t init_start_ticks = 0;  // field 22 of /proc/PID/stat; 0: not known

  std::string bundle_config;         // config.json of the OCI bundle; "": not known
  std::vector<std::string> volumes;  // destinations of its bind mounts, without the engine's own

  // The file that holds the name, as it was read: when it changes, the name may have.
  std::string name_file;
  FileVersion name_file_version;

  // Plain owners only (`ip netns`): the namespace that is named.
  std::optional<std::pair<NamespaceKind, uint32_t>> plain_namespace;
  uint64_t plain_namespace_id = 0;  // of that one; 0: the kernel doesn't tell
};

// runc tells a dozen cgroup paths, one for each controller of v1: leaves those of the two
// hierarchies that name containers, "" and "memory".
inline void KeepNamingPaths(std::map<std::string, std::string>* paths) {
  std::erase_if(*paths,
                [](const auto& path) { return path.first != "" && path.first != "memory"; });
}

// What is known about a container that is looked for. Everything that stands here was checked to be
// safe as a file name.
struct RuntimeQuery {
  std::string id;
  std::string ns;  // a containerd namespace; "": any
  // Names that people choose are only unique within one runtime: "lxc", "nspawn"; "": of any that
  // goes by ids.
  std::string runtime = "";
};

// One implementation a runtime, listed in list.h. Implementations read files with a bound on size
// and count, and take what is malformed for "not known". Not thread-safe: they cache.
class RuntimeReader {
 public:
  virtual ~RuntimeReader() = default;

  // By id. At most a few small files are read.
  virtual std::optional<RuntimeRecord> Find(const RuntimeQuery& query) = 0;

  // Those that a cgroup path alone may not lead to: raw OCI runtimes and plain namespaces. Bounded,
  // and cached by the modification times of the files.
  virtual std::vector<RuntimeRecord> List() { return {}; }
};

using RuntimeReaders = std::vector<std::unique_ptr<RuntimeReader>>;

}  // namespace nsobs
