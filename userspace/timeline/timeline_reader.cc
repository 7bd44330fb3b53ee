#include "userspace/timeline/timeline_reader.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/timeline/container_filter.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/event_scan.h"
#include "userspace/timeline/owner_rows.h"
#include "userspace/timeline/record_scan.h"
#include "userspace/timeline/run_meta.h"
#include "userspace/timeline/schema.h"
#include "userspace/timeline/storage_dir.h"

namespace nsobs {
namespace {

constexpr absl::Duration kReaderPatience = absl::Seconds(2);

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

std::optional<FileIdentity> IdentityOf(const std::string& path) {
  struct stat st{};
  if (stat(path.c_str(), &st) != 0) return std::nullopt;
  return FileIdentity{st.st_dev, st.st_ino};
}

absl::Status NoTimeline(const std::string& directory) {
  return absl::NotFoundError(absl::StrCat("there is no timeline in ", directory,
                                          ": nsobserver has not run with this storage path yet "
                                          "(start it: nsobserver run --storage.path ",
                                          directory, ")"));
}

absl::Status CheckReadable(const std::string& directory) {
  const std::string path = TimelinePath(directory);
  if (access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  if (errno == ENOENT || errno == ENOTDIR) return NoTimeline(directory);
  return ErrnoStatus(errno, path);
}

absl::Status CheckKind(Database* database, const std::string& directory) {
  NSOBS_ASSIGN_OR_RETURN(FileKind kind, Classify(database, SchemaSteps()));
  const std::string path = TimelinePath(directory);
  switch (kind) {
    case FileKind::kEmpty:
      return NoTimeline(directory);
    case FileKind::kForeign:
      return absl::FailedPreconditionError(path + " is not a timeline of nsobserver");
    case FileKind::kNewer:
      return absl::FailedPreconditionError(path + " was written by a newer nsobserver");
    case FileKind::kOurs:
      break;
  }
  NSOBS_ASSIGN_OR_RETURN(int64_t version, database->QueryInt("PRAGMA user_version"));
  if (version == LatestVersion(SchemaSteps())) return absl::OkStatus();
  return absl::FailedPreconditionError(
      path + " was written by an older nsobserver; starting this one brings it up to date");
}

absl::StatusOr<Database> OpenAs(const std::string& directory, Database::Mode mode) {
  NSOBS_ASSIGN_OR_RETURN(Database database,
                         Database::Open(TimelinePath(directory), mode, kReaderPatience));
  NSOBS_RETURN_IF_ERROR(CheckKind(&database, directory));
  return database;
}

// SQLite wants to make a shared memory file for the readers even when nobody writes. Where it
// can't, the file can be read alone as long as no log belongs to it.
absl::StatusOr<Database> OpenForReading(const std::string& directory) {
  NSOBS_RETURN_IF_ERROR(CheckReadable(directory));
  auto database = OpenAs(directory, Database::Mode::kReadOnly);
  const bool denied =
      absl::IsPermissionDenied(database.status()) || absl::IsNotFound(database.status());
  if (!denied) return database;
  struct stat log{};
  const std::string log_path = TimelinePath(directory) + "-wal";
  if (stat(log_path.c_str(), &log) == 0 && log.st_size > 0) return database;
  return OpenAs(directory, Database::Mode::kReadOnlyUnchanging);
}

class SqliteTimelineReader : public TimelineReader {
 public:
  SqliteTimelineReader(std::string directory, Database database,
                       std::optional<FileIdentity> identity)
      : directory_(std::move(directory)), database_(std::move(database)), identity_(identity) {}

  void SetDeadline(absl::Time deadline) override;
  absl::Status Events(const EventQuery& query,
                      absl::FunctionRef<bool(const StoredEvent&)> visit) override;
  absl::Status Findings(const RecordQuery& query,
                        absl::FunctionRef<bool(const StoredFinding&)> visit) override;
  absl::Status Snapshots(const RecordQuery& query,
                         absl::FunctionRef<bool(const StoredSnapshot&)> visit) override;
  absl::StatusOr<StoredFinding> Finding(int64_t id) override;
  absl::StatusOr<StoredSnapshot> Snapshot(int64_t id) override;
  absl::StatusOr<int64_t> LastFindingId() override;
  absl::StatusOr<int64_t> LastEventId() override;
  absl::StatusOr<std::vector<StoredContainer>> Containers() override;
  absl::StatusOr<std::vector<StoredNamespace>> Namespaces() override;
  absl::StatusOr<TimelineRunState> RunState() override;

 private:
  // How NextFindings() and NextSnapshots() are called.
  template <typename T>
  using NextPage = absl::StatusOr<std::vector<T>> (*)(Database*, const RecordQuery&,
                                                      const ContainerFilter*, int64_t*, uint64_t*);
  template <typename T>
  absl::Status Records(const RecordQuery& query, NextPage<T> next,
                       absl::FunctionRef<bool(const T&)> visit, const char* what);
  absl::Status Refresh();
  absl::StatusOr<EventScan> StartScan(const EventQuery& query);

  const std::string directory_;
  Database database_;
  std::optional<FileIdentity> identity_;  // of the open file
  absl::Time deadline_ = absl::InfiniteFuture();
};

void SqliteTimelineReader::SetDeadline(absl::Time deadline) {
  deadline_ = deadline;
  database_.SetDeadline(deadline);
}

// Follows the observer to a fresh file, should it have set this one aside.
absl::Status SqliteTimelineReader::Refresh() {
  const auto identity = IdentityOf(TimelinePath(directory_));
  if (!identity || identity == identity_) return absl::OkStatus();
  auto database = OpenForReading(directory_);
  if (absl::IsNotFound(database.status())) return absl::OkStatus();  // it is just being made
  if (!database.ok()) return database.status();
  database_ = *std::move(database);
  identity_ = identity;
  database_.SetDeadline(deadline_);
  return absl::OkStatus();
}

absl::StatusOr<EventScan> SqliteTimelineReader::StartScan(const EventQuery& query) {
  if (query.container.empty()) return EventScan::Make(&database_, query, nullptr);
  NSOBS_ASSIGN_OR_RETURN(ContainerFilter owners, ResolveContainer(&database_, query.container));
  return EventScan::Make(&database_, query, &owners);
}

absl::Status SqliteTimelineReader::Events(const EventQuery& query,
                                          absl::FunctionRef<bool(const StoredEvent&)> visit) {
  NSOBS_RETURN_IF_ERROR(Refresh());
  NSOBS_ASSIGN_OR_RETURN(EventScan scan, StartScan(query));
  size_t visited = 0;
  while (true) {
    NSOBS_ASSIGN_OR_RETURN(std::vector<StoredEvent> page, scan.NextPage());
    for (const StoredEvent& event : page) {
      if (!visit(event)) return absl::OkStatus();
      if (++visited == query.limit) return absl::OkStatus();
    }
    if (page.empty()) break;
  }
  if (scan.damaged() == 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(scan.damaged(), " damaged events of the timeline were left out"));
}

template <typename T>
absl::Status SqliteTimelineReader::Records(const RecordQuery& query, NextPage<T> next,
                                           absl::FunctionRef<bool(const T&)> visit,
                                           const char* what) {
  NSOBS_RETURN_IF_ERROR(Refresh());
  ContainerFilter owners;
  if (!query.container.empty()) {
    NSOBS_ASSIGN_OR_RETURN(owners, ResolveContainer(&database_, query.container));
  }
  int64_t cursor = 0;
  uint64_t damaged = 0;
  size_t visited = 0;
  while (true) {
    NSOBS_ASSIGN_OR_RETURN(
        const std::vector<T> page,
        next(&database_, query, query.container.empty() ? nullptr : &owners, &cursor, &damaged));
    for (const T& row : page) {
      if (!visit(row)) return absl::OkStatus();
      if (++visited == query.limit) return absl::OkStatus();
    }
    if (page.empty()) break;
  }
  if (damaged == 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(damaged, " damaged ", what, " of the timeline were left out"));
}

absl::Status SqliteTimelineReader::Findings(const RecordQuery& query,
                                            absl::FunctionRef<bool(const StoredFinding&)> visit) {
  return Records<StoredFinding>(query, NextFindings, visit, "findings");
}

absl::Status SqliteTimelineReader::Snapshots(const RecordQuery& query,
                                             absl::FunctionRef<bool(const StoredSnapshot&)> visit) {
  return Records<StoredSnapshot>(query, NextSnapshots, visit, "snapshots");
}

absl::StatusOr<StoredFinding> SqliteTimelineReader::Finding(int64_t id) {
  NSOBS_RETURN_IF_ERROR(Refresh());
  return ReadFinding(&database_, id);
}

absl::StatusOr<StoredSnapshot> SqliteTimelineReader::Snapshot(int64_t id) {
  NSOBS_RETURN_IF_ERROR(Refresh());
  return ReadSnapshot(&database_, id);
}

absl::StatusOr<int64_t> SqliteTimelineReader::LastFindingId() {
  NSOBS_RETURN_IF_ERROR(Refresh());
  return database_.QueryInt("SELECT ifnull(max(id), 0) FROM findings");
}

absl::StatusOr<int64_t> SqliteTimelineReader::LastEventId() {
  NSOBS_RETURN_IF_ERROR(Refresh());
  return database_.QueryInt("SELECT ifnull(max(id), 0) FROM events");
}

absl::StatusOr<std::vector<StoredContainer>> SqliteTimelineReader::Containers() {
  NSOBS_RETURN_IF_ERROR(Refresh());
  return ReadContainers(&database_);
}

absl::StatusOr<std::vector<StoredNamespace>> SqliteTimelineReader::Namespaces() {
  NSOBS_RETURN_IF_ERROR(Refresh());
  return ReadNamespaces(&database_);
}

absl::StatusOr<TimelineRunState> SqliteTimelineReader::RunState() {
  NSOBS_RETURN_IF_ERROR(Refresh());
  NSOBS_ASSIGN_OR_RETURN(std::optional<TimelineRunState> state, ReadRunState(&database_));
  return state.value_or(TimelineRunState{});
}

}  // namespace

absl::StatusOr<std::unique_ptr<TimelineReader>> TimelineReader::Open(const std::string& directory) {
  // Before the file is opened: if it is replaced in between, the next call notices.
  const auto identity = IdentityOf(TimelinePath(directory));
  auto database = OpenForReading(directory);
  if (!database.ok()) return database.status();
  return std::unique_ptr<TimelineReader>(
      std::make_unique<SqliteTimelineReader>(directory, *std::move(database), identity));
}

}  // namespace nsobs
