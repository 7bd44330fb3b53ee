#include "userspace/timeline/record_scan.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/clock.h"
#include "userspace/base/status_util.h"
#include "userspace/timeline/deflate.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kRecordsOfPage = 200;
constexpr char kFindingColumns[] =
    "SELECT id, time_ns, case_id, confidence, summary, body FROM findings";
constexpr char kSnapshotColumns[] =
    "SELECT id, time_ns, target, rule, severity, raw_bytes, head, "
    "(SELECT group_concat(id) FROM findings WHERE snapshot = snapshots.id) FROM snapshots";

// Parameters: 1 and 6 the ids between, 2 since, 3 until, 4 the case, 5 the snapshot.
std::string Conditions(const RecordQuery& query, const ContainerFilter* owners) {
  std::string sql = " WHERE id > ?1 AND id < ?6";
  if (query.since_wall_ns) sql += " AND time_ns >= ?2";
  if (query.until_wall_ns) sql += " AND time_ns < ?3";
  if (!query.case_id.empty()) sql += " AND case_id = ?4";
  if (query.snapshot) sql += " AND snapshot = ?5";
  if (owners != nullptr && owners->host) sql += " AND container IS NULL";
  if (owners != nullptr && !owners->host) {
    absl::StrAppend(&sql, " AND container IN (", absl::StrJoin(owners->refs, ", "), ")");
  }
  const size_t rows = query.limit == 0 ? kRecordsOfPage : std::min(query.limit, kRecordsOfPage);
  return absl::StrCat(sql, " ORDER BY id", query.newest_first ? " DESC" : "", " LIMIT ", rows);
}

absl::StatusOr<Statement> Select(Database* database, const char* columns, const RecordQuery& query,
                                 const ContainerFilter* owners, int64_t cursor) {
  NSOBS_ASSIGN_OR_RETURN(Statement select,
                         database->Prepare(absl::StrCat(columns, Conditions(query, owners))));
  const bool begun = cursor != 0;
  select.Bind(1, begun && !query.newest_first ? cursor : query.after_id);
  const int64_t end = query.before_id > 0 ? query.before_id : INT64_MAX;
  select.Bind(6, begun && query.newest_first ? cursor : end);
  if (query.since_wall_ns) select.Bind(2, *query.since_wall_ns);
  if (query.until_wall_ns) select.Bind(3, *query.until_wall_ns);
  if (!query.case_id.empty()) select.Bind(4, query.case_id);
  if (query.snapshot) select.Bind(5, *query.snapshot);
  return select;
}

bool IsObject(std::string_view json) {
  return json.size() > 2 && json.front() == '{' && Json::accept(json);
}

std::optional<StoredFinding> TakeFinding(const Statement& row) {
  StoredFinding out;
  out.id = row.Int(0);
  out.wall_ns = row.Int(1);
  out.case_id = row.Text(2);
  out.confidence = row.Text(3);
  out.summary = row.Text(4);
  const std::string_view body = row.Text(5);
  if (!IsObject(body)) return std::nullopt;
  out.json = absl::StrCat("{\"id\":", out.id, ",");
  out.json.append(body.substr(1));
  return out;
}

std::optional<StoredSnapshot> TakeSnapshot(const Statement& row) {
  StoredSnapshot out;
  out.id = row.Int(0);
  out.wall_ns = row.Int(1);
  out.target = row.Text(2);
  out.rule = row.Text(3);
  out.severity = row.Text(4);
  out.raw_bytes = row.Int(5);
  const Json head = Json::parse(row.Text(6), nullptr, /*allow_exceptions=*/false);
  if (!head.is_object()) return std::nullopt;
  const auto text = [](const std::string& t) { return t.empty() ? Json(nullptr) : Json(t); };
  Json json = {{"id", out.id},           {"time", FormatRfc3339(out.wall_ns)},
               {"target", out.target},   {"container", nullptr},
               {"rule", text(out.rule)}, {"severity", text(out.severity)},
               {"summary", nullptr}};
  json.update(head);
  json["findings"] = Json::parse(absl::StrCat("[", std::string(row.Text(7)), "]"), nullptr, false);
  json["raw_bytes"] = out.raw_bytes;
  out.json = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

template <typename T, typename Take>
absl::StatusOr<std::vector<T>> NextPage(Statement select, Take take, bool newest_first,
                                        int64_t* cursor, uint64_t* damaged) {
  std::vector<T> page;
  // A page of nothing but damaged rows is not the end; rows are few, so it is just gone through.
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) {
    // A damaged file can have its rows in any order: this would go on for ever.
    const int64_t id = select.Int(0);
    if (*cursor != 0 && (newest_first ? id >= *cursor : id <= *cursor)) {
      return absl::DataLossError(absl::StrCat("row ", id, " of the timeline is out of order"));
    }
    *cursor = id;
    if (auto taken = take(select)) {
      page.push_back(*std::move(taken));
    } else {
      ++*damaged;
    }
  }
  if (!row.ok()) return row.status();
  return page;
}

// Runs page by page until one holds something, or nothing moves any more.
template <typename T, typename Take>
absl::StatusOr<std::vector<T>> Next(Database* database, const char* columns,
                                    const RecordQuery& query, const ContainerFilter* owners,
                                    Take take, int64_t* cursor, uint64_t* damaged) {
  while (true) {
    const int64_t before = *cursor;
    NSOBS_ASSIGN_OR_RETURN(Statement select, Select(database, columns, query, owners, *cursor));
    NSOBS_ASSIGN_OR_RETURN(std::vector<T> page, (NextPage<T>(std::move(select), take,
                                                             query.newest_first, cursor, damaged)));
    if (!page.empty() || *cursor == before) return page;
  }
}

absl::Status Damaged(const char* what, int64_t id) {
  return absl::DataLossError(absl::StrCat("the stored ", what, " ", id, " is damaged"));
}

}  // namespace

absl::StatusOr<std::vector<StoredFinding>> NextFindings(Database* database,
                                                        const RecordQuery& query,
                                                        const ContainerFilter* owners,
                                                        int64_t* cursor, uint64_t* damaged) {
  return Next<StoredFinding>(database, kFindingColumns, query, owners, TakeFinding, cursor,
                             damaged);
}

absl::StatusOr<std::vector<StoredSnapshot>> NextSnapshots(Database* database,
                                                          const RecordQuery& query,
                                                          const ContainerFilter* owners,
                                                          int64_t* cursor, uint64_t* damaged) {
  return Next<StoredSnapshot>(database, kSnapshotColumns, query, owners, TakeSnapshot, cursor,
                              damaged);
}

absl::StatusOr<StoredFinding> ReadFinding(Database* database, int64_t id) {
  NSOBS_ASSIGN_OR_RETURN(Statement select,
                         database->Prepare(absl::StrCat(kFindingColumns, " WHERE id = ?")));
  select.Bind(1, id);
  NSOBS_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row)
    return absl::NotFoundError(
        absl::StrCat("the timeline has no finding ", id, " (nsobserver findings lists them)"));
  if (auto found = TakeFinding(select)) return *std::move(found);
  return Damaged("finding", id);
}

absl::StatusOr<StoredSnapshot> ReadSnapshot(Database* database, int64_t id) {
  NSOBS_ASSIGN_OR_RETURN(Statement select,
                         database->Prepare(absl::StrCat(kSnapshotColumns, " WHERE id = ?")));
  select.Bind(1, id);
  NSOBS_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row)
    return absl::NotFoundError(
        absl::StrCat("the timeline has no snapshot ", id, " (nsobserver snapshots list)"));
  auto snapshot = TakeSnapshot(select);
  if (!snapshot) return Damaged("snapshot", id);
  NSOBS_ASSIGN_OR_RETURN(Statement body,
                         database->Prepare("SELECT body FROM snapshots WHERE id = ?"));
  body.Bind(1, id);
  NSOBS_ASSIGN_OR_RETURN(const bool found, body.Step());
  if (!found)
    return absl::NotFoundError(
        absl::StrCat("the timeline has no snapshot ", id, " (nsobserver snapshots list)"));
  absl::StatusOr<std::string> record = Inflate(body.Blob(0), snapshot->raw_bytes, kMaxRecordBytes);
  if (!record.ok()) return Annotate(record.status(), absl::StrCat("snapshot ", id));
  if (!IsObject(*record)) return Damaged("snapshot", id);
  snapshot->record = *std::move(record);
  return *std::move(snapshot);
}

}  // namespace nsobs
