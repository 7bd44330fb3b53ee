// What the path of a cgroup says about a container. Pure; the path may be chosen by an attacker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nsobs {

enum class PathRuntime : uint8_t {
  kUnknown,  // nothing, or a bare id: docker, containerd, or anything else
  kDocker,
  kPodman,
  kContainerd,  // CRI
  kCrio,
  kLxc,
  kNspawn,
  kKata,
};

// "docker", "podman", "containerd", "crio", "lxc", "nspawn", "kata"; "" for kUnknown.
std::string_view Name(PathRuntime runtime);

struct CgroupPath {
  enum class Type : uint8_t {
    kHost,       // no container in it
    kContainer,  // `id` is its container
    kMonitor,    // conmon, lxc monitor, nspawn's supervisor: of the host, beside a container
    kWeak,  // `/<namespace>/<id>` as of ctr, or a leaf as of raw runc: only if files confirm it
  };
  Type type = Type::kHost;
  PathRuntime runtime = PathRuntime::kUnknown;
  // The full id; lxc and nspawn: the name. kWeak: the last component.
  std::string id;
  // kWeak: the component before the last one, which may be a containerd namespace.
  std::string weak_namespace;
  // The part of the path that is the container's own cgroup; what follows lies inside it.
  std::string container_path;
  // Ids of the containers that this one lies in, outermost first: the path of an inner one was
  // chosen inside the outer one.
  std::vector<std::string> parents;
  std::string outer_path;  // container_path of the outermost of them
  std::string pod_id;      // podman: the pod's id, from the parent directory
  std::string pod_uid;     // kubepods: with dashes
  // Whose part of the tree it lies in: what lies below user@UID.service was made by that user.
  uint32_t uid = 0;
};

// `path` begins at the root of its hierarchy. Never fails: what isn't understood is kHost.
CgroupPath ParseCgroupPath(std::string_view path);

// 64 lower-case hexadecimal digits.
bool IsFullId(std::string_view text);

// True for what may stand as one component in a path of ours: 1..255 of [A-Za-z0-9_.:@+-], no "."
// and "..".
bool IsSafeFileName(std::string_view text);

}  // namespace nsobs
