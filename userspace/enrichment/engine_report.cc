#include "userspace/enrichment/engine_report.h"

#include <utility>

#include "userspace/base/sanitize.h"
#include "userspace/enrichment/ask.h"
#include "userspace/enrichment/socket_finder.h"

namespace nsobs {

std::vector<EngineReport> CheckEngines(absl::Duration deadline) {
  Transport transport(deadline);
  std::vector<EngineReport> out;
  for (EngineSocket& socket : FindEngineSockets()) {
    absl::StatusOr<std::string> answer = PingEngine(socket, &transport);
    if (answer.ok()) answer = ForLabel(*answer);
    out.push_back({std::move(socket), std::move(answer)});
  }
  return out;
}

}  // namespace nsobs
