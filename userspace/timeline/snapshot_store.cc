#include "userspace/timeline/snapshot_store.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/timeline/deflate.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// `id` first, as everywhere else, in the place of `serial`.
Json WithId(const Json& event, const SerialRows& serials) {
  if (!event.is_object()) return event;
  Json out = Json::object();
  const auto serial = event.find("serial");
  if (serial != event.end() && serial->is_number_integer()) {
    if (const auto id = serials.Find(serial->get<uint64_t>())) out["id"] = *id;
  }
  for (const auto& [key, value] : event.items()) {
    if (key != "serial" && !out.contains(key)) out[key] = value;
  }
  return out;
}

void ResolveEvents(Json* owner, const char* list, const SerialRows& serials) {
  if (!owner->is_object() || !owner->contains(list) || !(*owner)[list].is_array()) return;
  for (Json& event : (*owner)[list]) event = WithId(event, serials);
}

Json Resolved(const Json& record, const SerialRows& serials) {
  Json out = record;
  ResolveEvents(&out, "before", serials);
  if (out.is_object() && out.contains("trigger")) ResolveEvents(&out["trigger"], "events", serials);
  return out;
}

// What a list of snapshots shows, so that no body has to be decompressed for it.
std::string Head(const SnapshotRow& row, const Json& record) {
  Json head = {{"container", row.container_json}, {"summary", nullptr}, {"events", Json::array()}};
  if (!record.is_object() || !record.contains("trigger")) return Dump(head);
  const Json& trigger = record["trigger"];
  if (!trigger.is_object()) return Dump(head);
  if (trigger.contains("summary")) head["summary"] = trigger["summary"];
  if (!trigger.contains("events") || !trigger["events"].is_array()) return Dump(head);
  for (const Json& event : trigger["events"]) {
    if (event.is_object() && event.contains("id")) head["events"].push_back(event["id"]);
  }
  return Dump(head);
}

}  // namespace

absl::StatusOr<SnapshotStore> SnapshotStore::Make(Database* database) {
  SnapshotStore store;
  store.database_ = database;
  NSOBS_ASSIGN_OR_RETURN(
      store.insert_snapshot_,
      database->Prepare("INSERT INTO snapshots (time_ns, container, target, rule, severity, "
                        "raw_bytes, stored_bytes, head, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  NSOBS_ASSIGN_OR_RETURN(
      store.insert_finding_,
      database->Prepare("INSERT INTO findings (time_ns, case_id, confidence, container, snapshot, "
                        "stored_bytes, summary, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  return store;
}

absl::StatusOr<int64_t> SnapshotStore::Insert(const SnapshotRow& row,
                                              std::optional<int64_t> container,
                                              const SerialRows& serials) {
  const Json record = Resolved(row.record, serials);
  const std::string raw = Dump(record);
  if (raw.size() > kMaxRecordBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a snapshot of ", raw.size(), " bytes is too large to be stored"));
  }
  NSOBS_ASSIGN_OR_RETURN(const std::string body, Deflate(raw));
  const std::string head = Head(row, record);
  const std::string target = ToUtf8(row.target);
  insert_snapshot_.Bind(1, row.wall_ns);
  insert_snapshot_.BindOrNull(2, container);
  insert_snapshot_.Bind(3, target);
  insert_snapshot_.Bind(4, row.rule);
  insert_snapshot_.Bind(5, row.severity);
  insert_snapshot_.Bind(6, static_cast<int64_t>(raw.size()));
  insert_snapshot_.Bind(7, static_cast<int64_t>(head.size() + body.size()));
  insert_snapshot_.Bind(8, head);
  insert_snapshot_.BindBlob(9, body);
  NSOBS_RETURN_IF_ERROR(insert_snapshot_.Run());
  const int64_t id = database_->LastInsertId();
  for (const Finding& finding : row.findings) {
    NSOBS_RETURN_IF_ERROR(InsertFinding(row, finding, container, id, serials));
  }
  return id;
}

absl::Status SnapshotStore::InsertFinding(const SnapshotRow& row, const Finding& finding,
                                          std::optional<int64_t> container, int64_t snapshot,
                                          const SerialRows& serials) {
  Json json = ToJson(finding, row.wall_ns, row.container_json);
  json["events"] = Json::array();
  for (const uint64_t serial : finding.event_serials) {
    if (const auto id = serials.Find(serial)) json["events"].push_back(*id);
  }
  json["snapshot"] = snapshot;
  const std::string body = Dump(json);
  const std::string summary = ToUtf8(finding.summary);
  const std::string case_id = ToUtf8(finding.case_id);
  insert_finding_.Bind(1, row.wall_ns);
  insert_finding_.Bind(2, case_id);
  insert_finding_.Bind(3, Name(finding.confidence));
  insert_finding_.BindOrNull(4, container);
  insert_finding_.Bind(5, snapshot);
  insert_finding_.Bind(6, static_cast<int64_t>(body.size() + summary.size()));
  insert_finding_.Bind(7, summary);
  insert_finding_.Bind(8, body);
  return insert_finding_.Run();
}

}  // namespace nsobs
