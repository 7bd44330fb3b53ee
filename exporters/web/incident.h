// An incident: everything that the timeline holds of a range of time, in one file that needs
// nothing else to be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// What other parts of the observer say of a record. The composition root fills them in: an exporter
// reads nothing but the timeline.
struct RecordViews {
  // {"summary": one line for people, "weight": how much it stands out, "namespace": "net:..."}.
  std::function<nlohmann::ordered_json(const nlohmann::ordered_json& event)> event;
  // What changed between two snapshot records.
  std::function<nlohmann::ordered_json(const nlohmann::ordered_json& before,
                                       const nlohmann::ordered_json& after)>
      diff;
};

struct IncidentQuery {
  std::optional<int64_t> since_wall_ns;
  std::optional<int64_t> until_wall_ns;
  std::string container;  // as in an EventQuery
  // The newest are kept, and what was left out is said in "truncated".
  size_t max_events = 20000;
  size_t max_findings = 2000;
  size_t max_snapshots = 200;
  size_t max_bytes = size_t{8} << 20;
};

struct IncidentFacts {
  std::string version;
  std::string host_name;
  NamespaceSet host_namespaces;
  int64_t now_wall_ns = 0;
};

// One object, one line: {"format": "nsobserver-incident", "version": 1, ..., "containers",
// "events", "findings", "snapshots"}. README.md beside this file has the fields. Errors as of the
// reader.
absl::StatusOr<std::string> BuildIncident(const IncidentQuery& query, const IncidentFacts& facts,
                                          const RecordViews& views, TimelineReader* reader);

// The page with the incident in it, as data that nothing runs. FAILED_PRECONDITION in a build
// without the page.
absl::StatusOr<std::string> IncidentPage(const std::string& incident);

// What the event's JSON gets in addition: "view".
std::string WithView(const std::string& event_json, const RecordViews& views);

// The baseline that `snapshot` is to be compared with: the last one of the same container before
// it; 0 for none.
absl::StatusOr<int64_t> BaselineOf(const StoredSnapshot& snapshot, TimelineReader* reader);

}  // namespace nsobs
