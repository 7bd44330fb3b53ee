#include "userspace/timeline/timeline_file.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/timeline/schema.h"
#include "userspace/timeline/storage_dir.h"

namespace nsobs {
namespace {

constexpr int64_t kPageBytes = 4096;
// Nobody else writes; this is for a person with an SQLite shell.
constexpr absl::Duration kBusyTimeout = absl::Milliseconds(250);
constexpr absl::Duration kQuickCheckLimit = absl::Milliseconds(700);

absl::StatusOr<FileKind> KindOf(const std::string& path, Database::Mode mode) {
  NSOBS_ASSIGN_OR_RETURN(Database database, Database::Open(path, mode, kBusyTimeout));
  return Classify(&database, SchemaSteps());
}

// A separate read-only connection: a newer version's file must not even be checkpointed.
absl::Status CheckKind(const std::string& path) {
  absl::StatusOr<FileKind> found = KindOf(path, Database::Mode::kReadOnly);
  // The making of the file was interrupted before it had a log: only a writer may roll that back.
  if (absl::IsPermissionDenied(found.status())) found = KindOf(path, Database::Mode::kReadWrite);
  NSOBS_ASSIGN_OR_RETURN(FileKind kind, found);
  switch (kind) {
    case FileKind::kEmpty:
    case FileKind::kOurs:
      return absl::OkStatus();
    case FileKind::kNewer:
      return absl::FailedPreconditionError(
          path +
          " was written by a newer nsobserver; start that version, or give another directory");
    case FileKind::kForeign:
      return absl::AlreadyExistsError("not a timeline of nsobserver");
  }
  return absl::InternalError("unknown kind of file");
}

absl::Status Configure(Database* database, const SpaceBudget& budget) {
  // auto_vacuum counts only before the first table, and before the switch to WAL.
  NSOBS_RETURN_IF_ERROR(
      database->Exec(absl::StrCat("PRAGMA page_size=", kPageBytes,
                                  "; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL")));
  return database->Exec(
      absl::StrCat("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4096; PRAGMA wal_autocheckpoint=",
                   budget.checkpoint_pages, "; PRAGMA journal_size_limit=", budget.log_bytes));
}

// Within a file that passed for ours, SQL that doesn't fit means that its schema is damaged.
absl::Status AsDamage(const absl::Status& status) {
  return absl::IsInternal(status) ? absl::DataLossError(status.message()) : status;
}

absl::StatusOr<std::unique_ptr<TimelineFile>> MakeStores(std::unique_ptr<Database> database,
                                                         const TimelineOptions& options,
                                                         const SpaceBudget& budget,
                                                         const Clock* clock,
                                                         const std::string& boot_id) {
  Database* db = database.get();
  NSOBS_ASSIGN_OR_RETURN(RunMeta meta, RunMeta::Make(db, clock, boot_id));
  const RunContext context{clock, boot_id, meta.run()};
  NSOBS_ASSIGN_OR_RETURN(EventStore events, EventStore::Make(db));
  NSOBS_ASSIGN_OR_RETURN(ContainerStore containers, ContainerStore::Make(db, context));
  NSOBS_ASSIGN_OR_RETURN(NamespaceStore namespaces,
                         NamespaceStore::Make(db, context, budget.namespace_rows));
  NSOBS_ASSIGN_OR_RETURN(SnapshotStore snapshots, SnapshotStore::Make(db));
  const RetentionLimits limits{options.retention_age, budget.live_bytes};
  NSOBS_ASSIGN_OR_RETURN(Retention retention, Retention::Make(db, clock, limits));
  NSOBS_ASSIGN_OR_RETURN(RecordRetention records, RecordRetention::Make(db, clock, limits));
  return std::unique_ptr<TimelineFile>(new TimelineFile{
      std::move(database), std::move(meta), std::move(events), std::move(containers),
      std::move(namespaces), std::move(snapshots), std::move(retention), std::move(records)});
}

absl::StatusOr<std::unique_ptr<TimelineFile>> OpenChecked(const TimelineOptions& options,
                                                          const Clock* clock,
                                                          const std::string& boot_id) {
  const std::string path = TimelinePath(options.directory);
  const SpaceBudget budget = ShareOut(options.retention_bytes);
  NSOBS_ASSIGN_OR_RETURN(Database opened,
                         Database::Open(path, Database::Mode::kReadWrite, kBusyTimeout));
  auto database = std::make_unique<Database>(std::move(opened));
  NSOBS_RETURN_IF_ERROR(Configure(database.get(), budget));
  NSOBS_RETURN_IF_ERROR(QuickCheck(database.get(), kQuickCheckLimit));
  NSOBS_RETURN_IF_ERROR(Migrate(database.get(), SchemaSteps()));
  return MakeStores(std::move(database), options, budget, clock, boot_id);
}

}  // namespace

SpaceBudget ShareOut(uint64_t retention_bytes) {
  const int64_t total = static_cast<int64_t>(std::min<uint64_t>(retention_bytes, 1ull << 50));
  SpaceBudget budget;
  budget.namespace_rows = std::max<int64_t>(total / 16 / 160, 2048);
  // Long enough that a checkpoint's two fsyncs are rare, short enough not to matter in the total.
  budget.log_bytes = std::clamp<int64_t>(total / 16, 256 << 10, 16 << 20);
  budget.checkpoint_pages = budget.log_bytes / kPageBytes;
  budget.log_limit_bytes = std::max<int64_t>(total / 8, 64 << 20);
  // A batch can make the log overshoot; retention leaves an eighth of the pages free.
  budget.live_bytes = (total - 2 * budget.log_bytes) / 8 * 7;
  return budget;
}

bool IsAnothers(const std::string& path) {
  const absl::StatusOr<FileKind> kind = KindOf(path, Database::Mode::kReadOnlyUnchanging);
  return kind.ok() && *kind == FileKind::kForeign;
}

absl::StatusOr<std::unique_ptr<TimelineFile>> TimelineFile::Open(const TimelineOptions& options,
                                                                 const Clock* clock,
                                                                 const std::string& boot_id) {
  NSOBS_RETURN_IF_ERROR(AsDamage(CheckKind(TimelinePath(options.directory))));
  auto file = OpenChecked(options, clock, boot_id);
  if (file.ok()) return file;
  // The rights are there, so it is the header that forbids writing.
  const bool header = absl::IsPermissionDenied(file.status()) &&
                      access(TimelinePath(options.directory).c_str(), W_OK) == 0;
  return header ? absl::DataLossError(file.status().message()) : AsDamage(file.status());
}

}  // namespace nsobs
