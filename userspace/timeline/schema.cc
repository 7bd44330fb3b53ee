#include "userspace/timeline/schema.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "userspace/base/mutex.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

// Columns that filters need stand before the body, so that a scan does not read bodies that went to
// overflow pages. Every index costs on every row: each of these serves a filter or retention.
constexpr char kVersion1[] = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ns INTEGER NOT NULL,
  last_time_ns INTEGER NOT NULL,
  boot_ns INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  count INTEGER NOT NULL,
  container INTEGER,
  entered_from INTEGER,
  pid INTEGER NOT NULL,
  ns_cgroup INTEGER NOT NULL, ns_ipc INTEGER NOT NULL, ns_mnt INTEGER NOT NULL,
  ns_net INTEGER NOT NULL, ns_pid INTEGER NOT NULL, ns_time INTEGER NOT NULL,
  ns_user INTEGER NOT NULL, ns_uts INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX events_time ON events(time_ns);
CREATE INDEX events_last_time ON events(last_time_ns);
CREATE INDEX events_container ON events(container);
CREATE INDEX events_entered_from ON events(entered_from) WHERE entered_from IS NOT NULL;

CREATE TABLE containers (
  ref INTEGER PRIMARY KEY AUTOINCREMENT,
  runtime TEXT NOT NULL,
  id TEXT NOT NULL,
  generation TEXT NOT NULL,
  name TEXT NOT NULL,
  image TEXT, pod TEXT, pod_namespace TEXT, pod_uid TEXT,
  labels TEXT NOT NULL,
  source TEXT NOT NULL,
  certain INTEGER NOT NULL,
  cgroup_path TEXT NOT NULL,
  init_pid INTEGER NOT NULL,
  init_start_boot_ns INTEGER NOT NULL,
  namespaces TEXT NOT NULL,
  started_boot_ns INTEGER NOT NULL,
  died_boot_ns INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  run INTEGER NOT NULL,
  first_seen_ns INTEGER NOT NULL,
  last_seen_ns INTEGER NOT NULL,
  died_ns INTEGER NOT NULL,
  UNIQUE (runtime, id, generation)
) STRICT;
CREATE INDEX containers_id ON containers(id);
CREATE INDEX containers_name ON containers(name);

CREATE TABLE namespaces (
  ref INTEGER PRIMARY KEY AUTOINCREMENT,
  boot_id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  ns_id INTEGER NOT NULL,
  owner_name TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  owner_runtime TEXT NOT NULL,
  run INTEGER NOT NULL,
  born_ns INTEGER NOT NULL,
  last_seen_ns INTEGER NOT NULL,
  died_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX namespaces_inode ON namespaces(inode, kind);

CREATE TABLE losses (
  event_id INTEGER PRIMARY KEY,
  of_kind INTEGER NOT NULL,
  cause TEXT NOT NULL,
  container INTEGER,
  count INTEGER NOT NULL,
  from_ns INTEGER NOT NULL,
  to_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE gaps (
  event_id INTEGER PRIMARY KEY,
  cause TEXT NOT NULL,
  from_ns INTEGER NOT NULL,
  to_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ns INTEGER NOT NULL,
  container INTEGER,
  target TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE findings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ns INTEGER NOT NULL,
  case_id TEXT NOT NULL,
  container INTEGER,
  snapshot INTEGER,
  body TEXT NOT NULL
) STRICT;
)sql";

// Nothing was ever written to the two tables of step 1. The sizes stand in the indexes by time, so
// that retention can sum them up without reading a body.
constexpr char kVersion2[] = R"sql(
DROP TABLE snapshots;
CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ns INTEGER NOT NULL,
  container INTEGER,
  target TEXT NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  raw_bytes INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL,
  head TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX snapshots_time ON snapshots(time_ns, stored_bytes);
CREATE INDEX snapshots_container ON snapshots(container);

DROP TABLE findings;
CREATE TABLE findings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ns INTEGER NOT NULL,
  case_id TEXT NOT NULL,
  confidence TEXT NOT NULL,
  container INTEGER,
  snapshot INTEGER,
  stored_bytes INTEGER NOT NULL,
  summary TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX findings_time ON findings(time_ns, stored_bytes);
CREATE INDEX findings_case ON findings(case_id);
CREATE INDEX findings_container ON findings(container);
CREATE INDEX findings_snapshot ON findings(snapshot);
)sql";

// What engines said: JSON of the fields, "" for none.
constexpr char kVersion3[] = R"sql(
ALTER TABLE containers ADD COLUMN enriched TEXT NOT NULL DEFAULT '';
)sql";

// A number of an inode comes around again at once: whoever makes namespaces as fast as he can has
// thousands of rows under one, and each was read to find the latest of its id.
constexpr char kVersion4[] = R"sql(
DROP INDEX namespaces_inode;
CREATE INDEX namespaces_identity ON namespaces(inode, kind, ns_id);
)sql";

constexpr SchemaStep kSteps[] = {{1, kVersion1}, {2, kVersion2}, {3, kVersion3}, {4, kVersion4}};

absl::StatusOr<int64_t> VersionInMeta(Database* database) {
  return database->QueryInt("SELECT value FROM meta WHERE key = 'schema_version'");
}

// The version stands in the header and in `meta`: a damaged header must not pass for a newer file.
absl::Status SetVersion(Database* database, int64_t version) {
  return database->Exec(
      absl::StrCat("PRAGMA application_id=", kApplicationId, "; PRAGMA user_version=", version,
                   "; INSERT OR REPLACE INTO meta VALUES ('schema_version', ", version, ")"));
}

absl::Status ReadQuickCheck(Database* database) {
  NSOBS_ASSIGN_OR_RETURN(Statement check, database->Prepare("PRAGMA quick_check(1)"));
  NSOBS_ASSIGN_OR_RETURN(bool row, check.Step());
  if (row && check.Text(0) == "ok") return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("database: ", std::string(check.Text(0))));
}

// To the check a page that can't be read is damage like any other. If it can be read the second
// time, it was none; if not, it is: with it in the file no later start would come to record.
absl::Status ReadQuickCheckTwice(Database* database) {
  const absl::Status first = ReadQuickCheck(database);
  if (first.ok() || absl::IsCancelled(first)) return first;
  const absl::Status second = ReadQuickCheck(database);
  return absl::IsCancelled(second) ? first : second;
}

}  // namespace

absl::Span<const SchemaStep> SchemaSteps() { return kSteps; }

absl::StatusOr<FileKind> Classify(Database* database, absl::Span<const SchemaStep> steps) {
  NSOBS_ASSIGN_OR_RETURN(int64_t application, database->QueryInt("PRAGMA application_id"));
  NSOBS_ASSIGN_OR_RETURN(int64_t version, database->QueryInt("PRAGMA user_version"));
  NSOBS_ASSIGN_OR_RETURN(int64_t tables, database->QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && tables == 0) return FileKind::kEmpty;
  if (application != kApplicationId) return FileKind::kForeign;
  auto meta_version = VersionInMeta(database);
  if (absl::IsInternal(meta_version.status()) || absl::IsNotFound(meta_version.status())) {
    return absl::DataLossError("database: the schema version is missing");
  }
  if (!meta_version.ok()) return meta_version.status();
  if (*meta_version != version || version < 1) {
    return absl::DataLossError("database: two different schema versions");
  }
  return version > LatestVersion(steps) ? FileKind::kNewer : FileKind::kOurs;
}

absl::Status Migrate(Database* database, absl::Span<const SchemaStep> steps) {
  NSOBS_ASSIGN_OR_RETURN(int64_t version, database->QueryInt("PRAGMA user_version"));
  for (const SchemaStep& step : steps) {
    if (step.version <= version) continue;
    NSOBS_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database));
    NSOBS_RETURN_IF_ERROR(database->Exec(step.sql));
    NSOBS_RETURN_IF_ERROR(SetVersion(database, step.version));
    NSOBS_RETURN_IF_ERROR(transaction.Commit());
  }
  return absl::OkStatus();
}

absl::Status QuickCheck(Database* database, absl::Duration limit) {
  // The check is one long operation inside SQLite that calls nobody back; only an interrupt from
  // another thread ends it.
  Notification done;
  std::thread watchdog([&] {
    if (!done.WaitForNotificationWithTimeout(limit)) sqlite3_interrupt(database->get());
  });
  absl::Status status = ReadQuickCheckTwice(database);
  done.Notify();
  watchdog.join();
  return absl::IsCancelled(status) ? absl::OkStatus() : status;
}

}  // namespace nsobs
