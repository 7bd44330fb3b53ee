// Where runtimes keep what they know. The defaults are those of the distributions; more roots are
// learnt from the arguments of running engines (engine_args.h).
#pragma once

#include <string>
#include <vector>

namespace nsobs {

// Each vector is tried in order. All are directories of the host; nothing of a container.
struct RuntimeRoots {
  std::vector<std::string> docker_data = {"/var/lib/docker"};  // containers/<id>/
  std::vector<std::string> docker_exec = {"/run/docker"};      // runtime-runc/moby/<id>/
  std::vector<std::string> podman_storage = {"/var/lib/containers/storage"};  // *-containers/
  std::vector<std::string> podman_run = {"/run/containers/storage"};  // *-containers/<id>/userdata/
  std::vector<std::string> containerd_state = {
      "/run/containerd"};  // io.containerd.runtime.v2.task/
  std::vector<std::string> containerd_runc = {"/run/containerd/runc"};  // <namespace>/<id>/
  std::vector<std::string> runc = {"/run/runc"};                        // <id>/state.json
  std::vector<std::string> crun = {"/run/crun"};                        // <id>/status
  std::vector<std::string> netns = {"/run/netns"};                      // bind mounts of `ip netns`
};

}  // namespace nsobs
