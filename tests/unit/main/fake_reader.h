// A timeline in memory that knows ids, limits and directions.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

class FakeReader : public TimelineReader {
 public:
  absl::Status Events(const EventQuery& query,
                      absl::FunctionRef<bool(const StoredEvent&)> visit) override {
    queries.push_back(query);
    return Visit(rows, query, visit);
  }
  absl::Status Findings(const RecordQuery& query,
                        absl::FunctionRef<bool(const StoredFinding&)> visit) override {
    return Visit(findings, query, visit);
  }
  absl::Status Snapshots(const RecordQuery& query,
                         absl::FunctionRef<bool(const StoredSnapshot&)> visit) override {
    return Visit(snapshots, query, visit);
  }
  absl::StatusOr<StoredFinding> Finding(int64_t id) override { return Get(findings, id); }
  absl::StatusOr<StoredSnapshot> Snapshot(int64_t id) override {
    if (!snapshot_status.ok()) return snapshot_status;
    return Get(snapshots, id);
  }
  absl::StatusOr<int64_t> LastFindingId() override {
    if (!last_status.ok()) return last_status;
    return findings.empty() ? 0 : findings.back().id;
  }
  absl::StatusOr<int64_t> LastEventId() override {
    if (!last_status.ok()) return last_status;
    return rows.empty() ? 0 : rows.back().id;
  }
  absl::StatusOr<std::vector<StoredContainer>> Containers() override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<std::vector<StoredNamespace>> Namespaces() override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<TimelineRunState> RunState() override { return absl::UnimplementedError(""); }

  void Add(int64_t id) { rows.push_back({id, "{\"id\":" + std::to_string(id) + "}"}); }

  std::vector<StoredEvent> rows;
  std::vector<StoredFinding> findings;
  std::vector<StoredSnapshot> snapshots;
  std::vector<EventQuery> queries;
  absl::Status status, last_status, snapshot_status;

 private:
  template <typename Row, typename Query>
  absl::Status Visit(const std::vector<Row>& all, const Query& query,
                     absl::FunctionRef<bool(const Row&)> visit) {
    std::vector<Row> found;
    for (const Row& row : all) {
      if (row.id > query.after_id) found.push_back(row);
    }
    if (query.newest_first) std::reverse(found.begin(), found.end());
    if (query.limit != 0 && found.size() > query.limit) found.resize(query.limit);
    for (const Row& row : found) {
      if (!visit(row)) break;
    }
    return status;
  }
  template <typename Row>
  static absl::StatusOr<Row> Get(const std::vector<Row>& all, int64_t id) {
    for (const Row& row : all) {
      if (row.id == id) return row;
    }
    return absl::NotFoundError("no such row");
  }
};

}  // namespace nsobs
