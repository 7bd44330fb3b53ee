// What an engine said about one container, as it came: bounded and cleaned before it goes further.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/event/enrichment.h"

namespace nsobs {

struct EngineAnswer {
  std::string id;    // as the engine gives it
  uint32_t pid = 0;  // of its init; 0: not told
  std::string image;
  std::string pod;
  std::string pod_namespace;
  std::string pod_uid;
  std::map<std::string, std::string> labels;
  std::string health;
  std::optional<uint32_t> restart_count;
};

// The answer as something to add to `container`: at most 64 labels, of 256 bytes for a key and
// 1 KiB for a value, 16 KiB together; other texts of at most 512 bytes; no control characters,
// valid UTF-8. Nothing if it is about another container: another id, or another process for its
// init.
std::optional<Enrichment> Accept(const EngineAnswer& answer, const Container& container,
                                 std::string_view engine);

}  // namespace nsobs
