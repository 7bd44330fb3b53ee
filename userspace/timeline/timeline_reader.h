// The read-only side of the timeline: works while the observer runs and when it is down.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/event/container.h"
#include "userspace/event/event.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {

// Everything given must hold.
struct EventQuery {
  // Events of which some part lies in [since, until): a run of equal events has a first and a last.
  std::optional<int64_t> since_wall_ns = std::nullopt;
  std::optional<int64_t> until_wall_ns = std::nullopt;
  // Name, full id, unique prefix of an id, "pod/container"; "" any; "host" the host. Matches events
  // in the container, and events of processes that came out of it (`entered_from`).
  std::string container = "";
  std::vector<EventKind> kinds = {};  // empty: all
  // Of the event's own process. Without a kind any of the eight may match; a kind alone says
  // nothing.
  std::optional<uint32_t> namespace_inode = std::nullopt;
  std::optional<NamespaceKind> namespace_kind = std::nullopt;
  int64_t after_id = 0;   // only larger ids
  int64_t before_id = 0;  // only smaller ids; 0: any
  size_t limit = 0;       // 0: no limit
  bool newest_first = false;
  // Stands somewhere in the event's JSON (names, addresses, programs); ASCII in either case.
  std::string text = "";
  // Without the JSON: several times as fast, and all that a mark in a picture needs.
  bool heads_only = false;
};

struct StoredEvent {
  int64_t id = 0;
  std::string json;  // the contract's whole object, one line, with id, count and last_time
  // The columns beside it.
  int64_t time_ns = 0;  // wall clock, of the first and of the last of a run of equal events
  int64_t last_time_ns = 0;
  EventKind kind = EventKind::kGap;
  int64_t count = 1;
  int64_t container = 0;                               // StoredContainer::ref; 0: the host
  std::optional<int64_t> entered_from = std::nullopt;  // as `container`; nullopt: from nowhere
  // Of the event's own process, by NamespaceKind; 0: not known.
  std::array<uint32_t, kNamespaceKindCount> namespaces = {};
};

struct StoredContainer {
  int64_t ref = 0;      // of the row; never reused
  Container container;  // as last told; boot times belong to `boot_id`
  std::string boot_id;
  int64_t first_seen_wall_ns = 0;  // when it started, or else when it was first seen
  int64_t last_seen_wall_ns = 0;   // when this row was last written
  int64_t died_wall_ns = 0;        // 0: alive, as far as the observer knew when it last ran
};

struct StoredNamespace {
  NamespaceKind kind = NamespaceKind::kNet;
  NamespaceIdentity identity;
  std::string boot_id;
  std::string owner_name;
  std::string owner_id;
  std::string owner_runtime;
  int64_t born_wall_ns = 0;
  int64_t last_seen_wall_ns = 0;
  int64_t died_wall_ns = 0;
};

// Everything given must hold.
struct RecordQuery {
  std::optional<int64_t> since_wall_ns = std::nullopt;  // in [since, until)
  std::optional<int64_t> until_wall_ns = std::nullopt;
  std::string container = "";                      // as in an EventQuery
  std::string case_id = "";                        // of findings
  std::optional<int64_t> snapshot = std::nullopt;  // of findings: those that were drawn from it
  int64_t after_id = 0;                            // only larger ids
  int64_t before_id = 0;                           // only smaller ids; 0: any
  size_t limit = 0;                                // 0: no limit
  bool newest_first = false;
};

struct StoredFinding {
  int64_t id = 0;
  int64_t wall_ns = 0;
  std::string case_id;
  std::string confidence;
  std::string summary;
  std::string json;  // the contract's whole object, one line
};

struct StoredSnapshot {
  int64_t id = 0;
  int64_t wall_ns = 0;
  std::string target;
  std::string rule;      // "": by hand
  std::string severity;  // "": by hand
  int64_t raw_bytes = 0;
  // One line: id, time, target, container, rule, severity, summary, events, findings (ids),
  // raw_bytes.
  std::string json;
  std::string record;  // event/SNAPSHOT.md; only from Snapshot()
};

// When the writer's run began and was last heard of.
struct TimelineRunState {
  int64_t started_wall_ns = 0;
  int64_t heartbeat_wall_ns = 0;
  bool clean_stop = false;
  std::string boot_id;
};

// Not thread-safe. Never writes; holds no snapshot of the file while the caller works, so that a
// slow reader can't make the write-ahead log grow.
class TimelineReader {
 public:
  // NOT_FOUND when there is no timeline yet; FAILED_PRECONDITION when its schema is not ours;
  // PERMISSION_DENIED; DATA_LOSS when it is corrupt (the observer sets such a file aside).
  static absl::StatusOr<std::unique_ptr<TimelineReader>> Open(const std::string& directory);
  virtual ~TimelineReader() = default;

  // Every call fails with CANCELLED that is at work at the deadline, or later. Default: none.
  virtual void SetDeadline(absl::Time) {}

  // Streams in the order of recording; `visit` returns false to stop. NOT_FOUND: no such container;
  // INVALID_ARGUMENT: an ambiguous prefix, with the candidates, or a bad query; DATA_LOSS: damaged
  // rows were left out (all others were visited) or the file is corrupt. A file that the observer
  // has replaced since is noticed at the next call.
  virtual absl::Status Events(const EventQuery& query,
                              absl::FunctionRef<bool(const StoredEvent&)> visit) = 0;

  // The same for findings and snapshots, in the order of their ids.
  virtual absl::Status Findings(const RecordQuery& query,
                                absl::FunctionRef<bool(const StoredFinding&)> visit) = 0;
  virtual absl::Status Snapshots(const RecordQuery& query,
                                 absl::FunctionRef<bool(const StoredSnapshot&)> visit) = 0;
  // NOT_FOUND; DATA_LOSS: this one is damaged.
  virtual absl::StatusOr<StoredFinding> Finding(int64_t id) = 0;
  virtual absl::StatusOr<StoredSnapshot> Snapshot(int64_t id) = 0;

  virtual absl::StatusOr<int64_t> LastFindingId() = 0;                    // 0: none yet
  virtual absl::StatusOr<int64_t> LastEventId() = 0;                      // 0: none yet
  virtual absl::StatusOr<std::vector<StoredContainer>> Containers() = 0;  // oldest first
  virtual absl::StatusOr<std::vector<StoredNamespace>> Namespaces() = 0;  // oldest first
  virtual absl::StatusOr<TimelineRunState> RunState() = 0;
};

}  // namespace nsobs
