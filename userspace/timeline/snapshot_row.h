// What the timeline is given of one look into namespaces: the record and what was found in it.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/event/container.h"
#include "userspace/event/finding.h"

namespace nsobs {

// As its JSON; a larger one is refused.
inline constexpr uint64_t kMaxRecordBytes = 16 << 20;

// The rule of a snapshot that was made by hand to be compared with later.
inline constexpr char kBaselineRule[] = "baseline";

struct SnapshotRow {
  // event/SNAPSHOT.md. The events in it carry `serial`, which is stored as `id`, or not at all if
  // the row is no longer known.
  nlohmann::ordered_json record;
  ContainerRef container;  // nullptr: the host
  std::string target;      // as a person would name it: "web", "pid:4711"
  std::string rule;        // "": by hand
  std::string severity;    // "": by hand
  int64_t wall_ns = 0;
  std::vector<Finding> findings;
  nlohmann::ordered_json container_json;  // the shape of an event's
  // Called by the thread that wrote it, if set: the id, or why it was not stored.
  std::function<void(const absl::StatusOr<int64_t>&)> on_stored;
};

}  // namespace nsobs
