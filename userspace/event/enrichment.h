// What a container engine said about one container that is known without it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "userspace/event/container.h"

namespace nsobs {

// Strings are valid UTF-8 without control characters, and bounded: whoever made it saw to that.
struct Enrichment {
  std::string runtime;  // with `id` and `init`: which container is meant
  std::string id;
  ProcessKey init;
  std::string engine;  // "docker", "podman", "containerd", "cri"

  std::optional<std::string> image;
  std::optional<std::string> pod;
  std::optional<std::string> pod_namespace;
  std::optional<std::string> pod_uid;
  std::map<std::string, std::string> labels;
  std::optional<std::string> health;
  std::optional<uint32_t> restart_count;

  // No answer: the engine is silent, and what changes by itself, health, isn't known any more. All
  // fields but the first four are empty.
  bool silent = false;
};

// Fills what `container` lacks, adds labels that it has not got, and marks each such field in
// `enriched`. Never changes what is there: files are believed before engines.
void AddEnrichment(const Enrichment& enrichment, Container* container);

}  // namespace nsobs
