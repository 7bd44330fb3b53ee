#include "userspace/event/enrichment.h"

namespace nsobs {

void AddEnrichment(const Enrichment& enrichment, Container* container) {
  const auto fill = [&](const char* field, const auto& said, auto& known) {
    if (!said || known) return;
    known = said;
    container->enriched[field] = enrichment.engine;
  };
  fill("image", enrichment.image, container->image);
  fill("pod", enrichment.pod, container->pod);
  fill("pod_namespace", enrichment.pod_namespace, container->pod_namespace);
  fill("pod_uid", enrichment.pod_uid, container->pod_uid);
  fill("health", enrichment.health, container->health);
  fill("restart_count", enrichment.restart_count, container->restart_count);
  for (const auto& [key, value] : enrichment.labels) {
    if (container->labels.emplace(key, value).second) {
      container->enriched["labels"] = enrichment.engine;
    }
  }
}

}  // namespace nsobs
