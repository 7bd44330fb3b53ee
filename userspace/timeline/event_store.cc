#include "userspace/timeline/event_store.h"

#include <string>
#include <variant>

#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/event/event_json.h"
#include "userspace/timeline/event_body.h"

namespace nsobs {

absl::StatusOr<EventStore> EventStore::Make(Database* database) {
  EventStore store(database);
  NSOBS_ASSIGN_OR_RETURN(
      store.insert_,
      database->Prepare("INSERT INTO events (time_ns, last_time_ns, boot_ns, kind, count, "
                        "container, entered_from, pid, ns_cgroup, ns_ipc, ns_mnt, ns_net, ns_pid, "
                        "ns_time, ns_user, ns_uts, body) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  NSOBS_ASSIGN_OR_RETURN(
      store.extend_,
      database->Prepare("UPDATE events SET count = ?, last_time_ns = ? WHERE id = ?"));
  NSOBS_ASSIGN_OR_RETURN(store.insert_loss_,
                         database->Prepare("INSERT INTO losses VALUES (?, ?, ?, ?, ?, ?, ?)"));
  NSOBS_ASSIGN_OR_RETURN(store.insert_gap_,
                         database->Prepare("INSERT INTO gaps VALUES (?, ?, ?, ?)"));
  NSOBS_ASSIGN_OR_RETURN(
      store.last_id_,
      database->QueryInt("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'"));
  return store;
}

absl::StatusOr<int64_t> EventStore::Insert(const ObservedEvent& observed,
                                           const EventOwners& owners) {
  const std::string body = EventBody(observed);
  const Event& event = observed.event;
  insert_.Bind(1, observed.wall_ns);
  insert_.Bind(2, observed.last_wall_ns);
  insert_.Bind(3, event.boot_ns);
  insert_.Bind(4, static_cast<int64_t>(event.kind));
  insert_.Bind(5, Clamp(observed.count));
  insert_.BindOrNull(6, owners.container);
  insert_.BindOrNull(7, owners.entered_from);
  insert_.Bind(8, int64_t{event.process.pid});
  int column = 9;
  for (NamespaceKind kind : kNamespaceKinds) {
    insert_.Bind(column++, int64_t{event.process.namespaces[kind].inode});
  }
  insert_.Bind(column, body);
  NSOBS_RETURN_IF_ERROR(insert_.Run());
  const int64_t id = database_->LastInsertId();
  if (const Loss* loss = std::get_if<Loss>(&event.detail)) {
    NSOBS_RETURN_IF_ERROR(InsertLoss(id, *loss, owners));
  } else if (const Gap* gap = std::get_if<Gap>(&event.detail)) {
    NSOBS_RETURN_IF_ERROR(InsertGap(id, *gap));
  }
  last_id_ = id;
  return id;
}

absl::Status EventStore::Extend(int64_t id, uint64_t count, int64_t last_wall_ns) {
  extend_.Bind(1, Clamp(count));
  extend_.Bind(2, last_wall_ns);
  extend_.Bind(3, id);
  return extend_.Run();
}

absl::Status EventStore::InsertLoss(int64_t id, const Loss& loss, const EventOwners& owners) {
  const std::string cause = ToUtf8(loss.cause);
  insert_loss_.Bind(1, id);
  insert_loss_.Bind(2, static_cast<int64_t>(loss.of));
  insert_loss_.Bind(3, cause);
  insert_loss_.BindOrNull(4, owners.container);
  insert_loss_.Bind(5, Clamp(loss.count));
  insert_loss_.Bind(6, loss.from_wall_ns);
  insert_loss_.Bind(7, loss.to_wall_ns);
  return insert_loss_.Run();
}

absl::Status EventStore::InsertGap(int64_t id, const Gap& gap) {
  const std::string cause = ToUtf8(gap.cause);
  insert_gap_.Bind(1, id);
  insert_gap_.Bind(2, cause);
  insert_gap_.Bind(3, gap.from_wall_ns);
  insert_gap_.Bind(4, gap.to_wall_ns);
  return insert_gap_.Run();
}

absl::Status EventStore::StartAfter(int64_t id) {
  if (id <= last_id_) return absl::OkStatus();
  // AUTOINCREMENT's own table has no row before the first insert and no unique key.
  for (const char* sql : {"DELETE FROM sqlite_sequence WHERE name = 'events'",
                          "INSERT INTO sqlite_sequence (seq, name) VALUES (?, 'events')"}) {
    NSOBS_ASSIGN_OR_RETURN(Statement statement, database_->Prepare(sql));
    if (sql[0] == 'I') statement.Bind(1, id);
    NSOBS_RETURN_IF_ERROR(statement.Run());
  }
  last_id_ = id;
  return absl::OkStatus();
}

}  // namespace nsobs
