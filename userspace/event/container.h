// A container, or another owner of namespaces, as it is named to people.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/event/process.h"

namespace nsobs {

// A range of user ids as in /proc/PID/uid_map: inside, outside, how many.
struct IdRange {
  uint32_t inside = 0;
  uint32_t outside = 0;
  uint32_t count = 0;
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

// Whose a container is that has a user namespace.
struct ContainerUser {
  uint32_t uid = 0;              // of the host: who made the user namespace (NS_GET_OWNER_UID)
  std::vector<IdRange> uid_map;  // of its init; at most 16 ranges
  friend bool operator==(const ContainerUser&, const ContainerUser&) = default;
};

// A container that another one lies in.
struct ContainerParent {
  std::string id;
  std::string name;     // raw bytes
  std::string runtime;  // as of Container
  friend bool operator==(const ContainerParent&, const ContainerParent&) = default;
};

// Immutable once published: a change of name or state makes a new object. Shared between threads.
struct Container {
  std::string name;  // raw bytes; never empty: falls back to a short id
  std::string id;    // the runtime's full id; for plain namespaces "net:[4026532846]"
  // "docker", "podman", "containerd", "crio", "runc", "crun", "lxc", "incus", "nspawn", "runsc",
  // "kata"; plain owners: "netns", "unshare", "systemd"
  std::string runtime;
  std::optional<std::string> image;
  std::optional<std::string> pod;
  std::optional<std::string> pod_namespace;
  std::optional<std::string> pod_uid;
  std::map<std::string, std::string> labels;
  std::string source;    // where the name is from: "cgroup", "state_file", "runtime_args",
                         // "namespace", "tombstone"
  bool certain = false;  // false: an informed guess, and shown as one

  // The runtime's OCI configuration on the host (the config.json of its bundle); "": not known.
  std::string bundle_config;
  // Where that mounts something of the host's: absolute, as the container sees it; at most 64.
  std::vector<std::string> volumes;

  std::string cgroup_path;      // "" for plain namespaces
  ProcessKey init;              // pid 0: not known
  NamespaceSet namespaces;      // of its init
  int64_t started_boot_ns = 0;  // 0: not known
  int64_t died_boot_ns = 0;     // 0: alive

  std::string oci_runtime;      // below an engine: "runc", "crun", "runsc", "kata"; "": not told
  int64_t created_wall_ns = 0;  // as the runtime says; 0: not told
  uint32_t generation = 1;      // starts of it that were seen, this one included
  std::optional<uint32_t> restart_count;  // as the runtime says
  bool sandbox = false;                   // holds the namespaces of a pod
  std::optional<ContainerUser> user;      // nullopt: in the host's user namespace
  std::vector<ContainerParent> parents;   // outermost first
  // What the host can't see of it, in words; "": all can be seen.
  std::string blind_spots;
  // What only an engine knows (enrichment.h).
  std::optional<std::string> health;  // "starting", "healthy", "unhealthy"
  // By whom: each field that an engine's answer filled or added to -> "docker". What isn't named
  // here is from the kernel and the runtimes' files.
  std::map<std::string, std::string> enriched;
};

using ContainerRef = std::shared_ptr<const Container>;  // nullptr: the host

}  // namespace nsobs
