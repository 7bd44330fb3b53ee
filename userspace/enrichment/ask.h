// How each kind of engine is asked about one container, and how its answer is read.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "userspace/enrichment/answer.h"
#include "userspace/enrichment/transport.h"

namespace nsobs {

// Up to a few requests. NOT_FOUND: this engine doesn't know the container; the other errors are
// the transport's, DATA_LOSS also for an answer without sense.
absl::StatusOr<EngineAnswer> AskEngine(const EngineSocket& socket, const Container& container,
                                       Transport* transport);

// The least request that every engine of this kind answers; what it says of its version.
absl::StatusOr<std::string> PingEngine(const EngineSocket& socket, Transport* transport);

// Of GET /containers/ID/json of Docker (docs.docker.com/reference/api/engine).
absl::StatusOr<EngineAnswer> ParseDockerInspect(std::string_view json);
// Of GET /libpod/containers/ID/json of Podman (docs.podman.io/en/latest/_static/api.html); the id
// of its pod, "" for none, goes to `pod_id`.
absl::StatusOr<EngineAnswer> ParsePodmanInspect(std::string_view json, std::string* pod_id);
// Of GET /libpod/pods/ID/json: its name.
absl::StatusOr<std::string> ParsePodmanPod(std::string_view json, std::string_view pod_id);

// Of containerd.services.containers.v1.Containers/Get (github.com/containerd/containerd, api/).
absl::StatusOr<EngineAnswer> ParseContainerdContainer(std::string_view message);
// Of containerd.services.tasks.v1.Tasks/Get: the pid of its init; 0: none.
absl::StatusOr<uint32_t> ParseContainerdTask(std::string_view message);
// Of containerd.services.namespaces.v1.Namespaces/List: at most 16.
absl::StatusOr<std::vector<std::string>> ParseContainerdNamespaces(std::string_view message);

// Of runtime.v1.RuntimeService/ListContainers (github.com/kubernetes/cri-api) asked for one id; the
// id of its sandbox goes to `sandbox_id`. NOT_FOUND: an empty list.
absl::StatusOr<EngineAnswer> ParseCriContainers(std::string_view message, std::string* sandbox_id);
// Of runtime.v1.RuntimeService/ListPodSandbox asked for one id: the pod's names and labels.
// NOT_FOUND as above.
absl::StatusOr<EngineAnswer> ParseCriSandboxes(std::string_view message);

}  // namespace nsobs
