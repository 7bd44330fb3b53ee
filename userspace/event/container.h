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

// Immutable once published: a change of name or state makes a new object. Shared between threads.
struct Container {
  std::string name;     // raw bytes; never empty: falls back to a short id
  std::string id;       // the runtime's full id; for plain namespaces "net:[4026532846]"
  std::string runtime;  // "docker", "podman", "containerd", "runc", "crun", "netns", "unshare"
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
};

using ContainerRef = std::shared_ptr<const Container>;  // nullptr: the host

}  // namespace nsobs
