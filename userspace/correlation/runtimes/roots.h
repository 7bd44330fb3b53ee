// Where runtimes keep what they know. The defaults are those of the distributions; more roots are
// learnt from the arguments of running engines (engine_args.h).
#pragma once

#include <string>
#include <vector>

#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {

// Each vector is tried in order. All are directories of the host; nothing of a container.
struct RuntimeRoots {
  std::vector<std::string> docker_data = {"/var/lib/docker"};  // containers/<id>/
  std::vector<std::string> docker_exec = {"/run/docker"};      // runtime-runc/moby/<id>/
  // Of podman and of CRI-O: *-containers/.
  std::vector<std::string> podman_storage = {"/var/lib/containers/storage"};
  std::vector<std::string> podman_run = {"/run/containers/storage"};  // *-containers/<id>/userdata/
  std::vector<std::string> containerd_state = {
      "/run/containerd"};  // io.containerd.runtime.v2.task/
  std::vector<std::string> containerd_runc = {"/run/containerd/runc"};  // <namespace>/<id>/
  std::vector<std::string> runc = {"/run/runc"};                        // <id>/state.json
  std::vector<std::string> crun = {"/run/crun"};                        // <id>/status
  std::vector<std::string> runsc = {"/run/runsc"};                      // <id>_sandbox:<id>.state
  std::vector<std::string> netns = {"/run/netns"};                      // bind mounts of `ip netns`
  // <name>/config; those of Incus and LXD are known by their last parts.
  std::vector<std::string> lxc = {"/var/lib/lxc", "/var/lib/incus/containers",
                                  "/var/lib/lxd/containers", "/var/snap/lxd/common/lxd/containers"};
  std::vector<std::string> nspawn = {"/run/systemd/machines"};  // <name>, of systemd-machined

  // How they are read; of whom.
  StateFiles files;

  static RuntimeRoots None() {
    RuntimeRoots none;
    none.docker_data = none.docker_exec = none.podman_storage = none.podman_run =
        none.containerd_state = none.containerd_runc = none.runc = none.crun = none.netns =
            none.lxc = none.runsc = none.nspawn = {};
    return none;
  }
};

}  // namespace nsobs
