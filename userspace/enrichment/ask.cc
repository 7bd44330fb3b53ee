#include "userspace/enrichment/ask.h"

#include <algorithm>

#include "userspace/enrichment/ask_kinds.h"

namespace nsobs {

bool IsHexId(std::string_view id) {
  return id.size() == 64 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

absl::StatusOr<EngineAnswer> AskEngine(const EngineSocket& socket, const Container& container,
                                       Transport* transport) {
  transport->StartQuestion();
  switch (socket.kind) {
    case EngineKind::kDocker:
      if (!IsHexId(container.id)) break;
      return AskDocker(socket, container, transport);
    case EngineKind::kPodman:
      if (!IsHexId(container.id)) break;
      return AskPodman(socket, container, transport);
    case EngineKind::kContainerd: {
      // Kubernetes' containers are known to both; CRI knows their pods.
      auto answer = AskCri(socket, container, transport);
      const bool other =
          absl::IsNotFound(answer.status()) || absl::IsUnimplemented(answer.status());
      return other ? AskContainerd(socket, container, transport) : answer;
    }
    case EngineKind::kCrio:
      return AskCri(socket, container, transport);
  }
  return absl::NotFoundError("not an id of this engine");
}

absl::StatusOr<std::string> PingEngine(const EngineSocket& socket, Transport* transport) {
  switch (socket.kind) {
    case EngineKind::kDocker:
    case EngineKind::kPodman:
      return PingHttp(socket, transport);
    case EngineKind::kContainerd:
      return PingContainerd(socket, transport);
    case EngineKind::kCrio:
      break;
  }
  return PingCri(socket, transport);
}

}  // namespace nsobs
