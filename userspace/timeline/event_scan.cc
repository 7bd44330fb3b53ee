#include "userspace/timeline/event_scan.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/status_util.h"
#include "userspace/timeline/event_body.h"
#include "userspace/timeline/event_store.h"

namespace nsobs {
namespace {

constexpr size_t kPageRows = 256;
// A name that more containers had than this is filtered row by row.
constexpr size_t kMaxMergedOwners = 32;

// Parameters: 1 and 2 the ids between, 3 since, 4 until, 5 a namespace's inode, 6 the owner, 7 a
// pattern for the body.
constexpr char kColumns[] =
    "SELECT id, time_ns, boot_ns, kind, count, last_time_ns, container, entered_from, ns_cgroup, "
    "ns_ipc, ns_mnt, ns_net, ns_pid, ns_time, ns_user, ns_uts";
constexpr int kFirstNamespaceColumn = 8;  // in the order of NamespaceKind
constexpr int kBodyColumn = kFirstNamespaceColumn + static_cast<int>(kNamespaceKindCount);

// What LIKE takes for `text` anywhere.
std::string Pattern(const std::string& text) {
  std::string out = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

std::string NamespaceColumn(NamespaceKind kind) {
  return absl::StrCat("ns_", std::string(Name(kind)));
}

std::string NamespaceCondition(const EventQuery& query) {
  if (!query.namespace_inode) return "";
  if (query.namespace_kind)
    return absl::StrCat(" AND ", NamespaceColumn(*query.namespace_kind), " = ?5");
  std::vector<std::string> columns;
  for (NamespaceKind kind : kNamespaceKinds) columns.push_back(NamespaceColumn(kind));
  return absl::StrCat(" AND ?5 IN (", absl::StrJoin(columns, ", "), ")");
}

std::string Conditions(const EventQuery& query) {
  std::string sql = " AND id > ?1 AND id < ?2";
  if (query.since_wall_ns) sql += " AND last_time_ns >= ?3";
  if (query.until_wall_ns) sql += " AND time_ns < ?4";
  sql += NamespaceCondition(query);
  if (!query.text.empty()) sql += " AND body LIKE ?7 ESCAPE '\\'";
  if (!query.kinds.empty()) {
    std::vector<int> kinds;
    for (EventKind kind : query.kinds) kinds.push_back(static_cast<int>(kind));
    absl::StrAppend(&sql, " AND kind IN (", absl::StrJoin(kinds, ", "), ")");
  }
  return absl::StrCat(sql, " ORDER BY id", query.newest_first ? " DESC" : "");
}

// The one value of an aggregate over an index; nullopt if no row is in it.
absl::StatusOr<std::optional<int64_t>> Bound(Database* database, const char* sql, int64_t value) {
  NSOBS_ASSIGN_OR_RETURN(Statement select, database->Prepare(sql));
  select.Bind(1, value);
  NSOBS_ASSIGN_OR_RETURN(bool row, select.Step());
  if (!row || select.IsNull(0)) return std::optional<int64_t>();
  return std::make_optional(select.Int(0));
}

}  // namespace

absl::StatusOr<EventScan> EventScan::Make(Database* database, const EventQuery& query,
                                          const ContainerFilter* owners) {
  EventScan scan(database, query);
  scan.pattern_ = Pattern(query.text);
  scan.from_id_ = std::max<int64_t>(query.after_id, 0);
  NSOBS_RETURN_IF_ERROR(scan.FindBounds());
  NSOBS_RETURN_IF_ERROR(scan.AddSources(owners));
  return scan;
}

// Turns times into ids as far as possible. Ids follow time only about (runs, clock steps), so the
// rows in between are still compared.
absl::Status EventScan::FindBounds() {
  NSOBS_RETURN_IF_ERROR(EndWithWhatIsThere());
  if (query_.before_id > 0) to_id_ = std::min(to_id_, query_.before_id);
  if (query_.since_wall_ns && query_.after_id <= 0) {
    NSOBS_ASSIGN_OR_RETURN(
        std::optional<int64_t> first,
        Bound(database_,
              "SELECT min(id) FROM events INDEXED BY events_last_time WHERE last_time_ns >= ?",
              *query_.since_wall_ns));
    from_id_ = first ? *first - 1 : INT64_MAX;
  }
  if (query_.until_wall_ns) {
    NSOBS_ASSIGN_OR_RETURN(
        std::optional<int64_t> last,
        Bound(database_, "SELECT max(id) FROM events INDEXED BY events_time WHERE time_ns < ?",
              *query_.until_wall_ns));
    to_id_ = std::min(to_id_, last ? *last + 1 : 0);
  }
  return absl::OkStatus();
}

// A question is answered as of now: one that reads slower than others write would have no end.
absl::Status EventScan::EndWithWhatIsThere() {
  // Of a damaged file either may say too little.
  NSOBS_ASSIGN_OR_RETURN(
      const int64_t last,
      database_->QueryInt(
          "SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0), "
          "ifnull((SELECT max(id) FROM events), 0))"));
  to_id_ = last < INT64_MAX ? last + 1 : last;
  return absl::OkStatus();
}

absl::Status EventScan::AddSources(const ContainerFilter* owners) {
  if (owners == nullptr) return AddSource("NOT INDEXED", "1");
  if (owners->host) {
    NSOBS_RETURN_IF_ERROR(AddSource("INDEXED BY events_container", "container IS NULL"));
    return AddSource("INDEXED BY events_entered_from", "entered_from = ?6", kEnteredFromHost);
  }
  if (owners->refs.size() > kMaxMergedOwners) {
    const std::string refs = absl::StrJoin(owners->refs, ", ");
    return AddSource("NOT INDEXED",
                     absl::StrCat("(container IN (", refs, ") OR entered_from IN (", refs, "))"));
  }
  for (int64_t ref : owners->refs) {
    NSOBS_RETURN_IF_ERROR(AddSource("INDEXED BY events_container", "container = ?6", ref));
    NSOBS_RETURN_IF_ERROR(AddSource("INDEXED BY events_entered_from", "entered_from = ?6", ref));
  }
  return absl::OkStatus();
}

absl::Status EventScan::AddSource(const std::string& index, const std::string& condition) {
  Source source;
  NSOBS_ASSIGN_OR_RETURN(source.select,
                         database_->Prepare(absl::StrCat(
                             kColumns, query_.heads_only ? " FROM events " : ", body FROM events ",
                             index, " WHERE ", condition, Conditions(query_))));
  sources_.push_back(std::move(source));
  return absl::OkStatus();
}

absl::Status EventScan::AddSource(const std::string& index, const std::string& condition,
                                  int64_t owner) {
  NSOBS_RETURN_IF_ERROR(AddSource(index, condition));
  sources_.back().owner = owner;
  sources_.back().has_owner = true;
  return absl::OkStatus();
}

absl::Status EventScan::Rewind(Source* source) {
  Statement& select = source->select;
  select.Reset();
  select.Bind(1, from_id_);
  select.Bind(2, to_id_);
  if (query_.since_wall_ns) select.Bind(3, *query_.since_wall_ns);
  if (query_.until_wall_ns) select.Bind(4, *query_.until_wall_ns);
  if (query_.namespace_inode) select.Bind(5, int64_t{*query_.namespace_inode});
  if (source->has_owner) select.Bind(6, source->owner);
  if (!query_.text.empty()) select.Bind(7, pattern_);
  return Advance(source);
}

absl::Status EventScan::Advance(Source* source) {
  NSOBS_ASSIGN_OR_RETURN(bool row, source->select.Step());
  source->next_id = row ? source->select.Int(0) : 0;
  return absl::OkStatus();
}

EventScan::Source* EventScan::Nearest() {
  Source* nearest = nullptr;
  for (Source& source : sources_) {
    if (source.next_id == 0) continue;
    const bool nearer =
        nearest == nullptr || (query_.newest_first ? source.next_id > nearest->next_id
                                                   : source.next_id < nearest->next_id);
    if (nearer) nearest = &source;
  }
  return nearest;
}

void EventScan::Take(const Source& source, std::vector<StoredEvent>* page) {
  const Statement& row = source.select;
  const EventHead head{.id = row.Int(0),
                       .time_ns = row.Int(1),
                       .boot_ns = row.Int(2),
                       .kind = row.Int(3),
                       .count = row.Int(4),
                       .last_time_ns = row.Int(5)};
  if (head.kind <= 0 || head.kind >= int64_t{kEventKindEnd}) {
    ++damaged_;
    return;
  }
  StoredEvent event{.id = head.id,
                    .json = "",
                    .time_ns = head.time_ns,
                    .last_time_ns = head.last_time_ns,
                    .kind = static_cast<EventKind>(head.kind),
                    .count = head.count,
                    .container = row.Int(6)};
  if (!row.IsNull(7)) event.entered_from = row.Int(7);
  for (size_t i = 0; i < kNamespaceKindCount; ++i) {
    event.namespaces[i] =
        static_cast<uint32_t>(row.Int(kFirstNamespaceColumn + static_cast<int>(i)));
  }
  if (!query_.heads_only) {
    std::optional<std::string> json = EventJson(head, row.Text(kBodyColumn));
    if (!json) {
      ++damaged_;
      return;
    }
    event.json = *std::move(json);
  }
  page->push_back(std::move(event));
}

absl::Status EventScan::ReadPage(std::vector<StoredEvent>* page) {
  for (Source& source : sources_) NSOBS_RETURN_IF_ERROR(Rewind(&source));
  while (page->size() < kPageRows) {
    Source* nearest = Nearest();
    if (nearest == nullptr) break;
    const int64_t id = nearest->next_id;
    // A damaged file can have its rows in any order, and each page begins behind the last row: this
    // would go on for ever.
    if (id <= from_id_ || id >= to_id_) {
      return absl::DataLossError(absl::StrCat("event ", id, " of the timeline is out of order"));
    }
    Take(*nearest, page);
    (query_.newest_first ? to_id_ : from_id_) = id;
    for (Source& source : sources_) {
      if (source.next_id == id) NSOBS_RETURN_IF_ERROR(Advance(&source));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredEvent>> EventScan::NextPage() {
  std::vector<StoredEvent> page;
  // One snapshot for all sources; it ends with the page.
  NSOBS_RETURN_IF_ERROR(database_->Exec("BEGIN"));
  absl::Status status = ReadPage(&page);
  for (Source& source : sources_) source.select.Reset();
  (void)database_->Exec("ROLLBACK");
  if (!status.ok()) return status;
  return page;
}

}  // namespace nsobs
