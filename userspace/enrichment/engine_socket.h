// Which engine is asked, and where it listens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nsobs {

enum class EngineKind : uint8_t { kDocker, kPodman, kContainerd, kCrio };

// "docker", "podman", "containerd", "crio": also what its containers say for their runtime.
constexpr std::string_view Name(EngineKind kind) {
  switch (kind) {
    case EngineKind::kDocker:
      return "docker";
    case EngineKind::kPodman:
      return "podman";
    case EngineKind::kContainerd:
      return "containerd";
    case EngineKind::kCrio:
      break;
  }
  return "crio";
}

struct EngineSocket {
  EngineKind kind = EngineKind::kDocker;
  std::string path;
  uint32_t uid = 0;  // whose engine it is: who listens there must be, and its containers too

  friend bool operator==(const EngineSocket&, const EngineSocket&) = default;
};

}  // namespace nsobs
