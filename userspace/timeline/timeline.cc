#include "userspace/timeline/timeline.h"

#include <sys/stat.h>

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/timeline/serial_rows.h"
#include "userspace/timeline/set_aside.h"
#include "userspace/timeline/storage_dir.h"
#include "userspace/timeline/timeline_file.h"

namespace nsobs {
namespace {

constexpr uint64_t kMinRetentionBytes = 4 << 20;
constexpr absl::Duration kRetentionBudget = absl::Milliseconds(80);
constexpr absl::Duration kRecordRetentionBudget = absl::Milliseconds(20);
constexpr int64_t kMinReplaceIntervalNs = 60'000'000'000;
constexpr int kBeatsAtRest = 2;  // in a row, with nothing else written

uint64_t FileBytes(const std::string& path) {
  struct stat st{};
  return stat(path.c_str(), &st) == 0 ? static_cast<uint64_t>(st.st_size) : 0;
}

absl::Status CheckOptions(const TimelineOptions& options) {
  if (options.directory.empty()) return absl::InvalidArgumentError("no storage directory given");
  if (options.retention_bytes < kMinRetentionBytes) {
    return absl::InvalidArgumentError("the retention size must be at least 4 MiB");
  }
  if (options.retention_age <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the retention age must be positive");
  }
  return absl::OkStatus();
}

using RunRows = absl::flat_hash_map<uint64_t, int64_t>;  // run to row

// What a transaction will have done once it is committed.
struct Written {
  RunRows runs;
  std::vector<std::pair<uint64_t, int64_t>> serials;  // with their rows
  uint64_t dropped = 0;                               // extensions
};

class SqliteTimeline : public Timeline {
 public:
  SqliteTimeline(const TimelineOptions& options, const Clock* clock, UniqueFd lock)
      : options_(options),
        path_(TimelinePath(options.directory)),
        clock_(clock),
        boot_id_(BootId()),
        lock_(std::move(lock)) {}

  absl::Status Start(TimelineOpenReport* report);
  absl::Status Write(absl::Span<const TimelineItem> items) override;
  absl::Status WriteWith(absl::Span<const TimelineItem> items,
                         absl::Span<const TimelineFact> facts) override;
  absl::StatusOr<std::map<std::string, std::string>> Facts() override;
  absl::Status ForgetFacts() override;
  absl::StatusOr<uint64_t> CountOf(int64_t row) override;
  void AdoptRun(uint64_t run_id, int64_t row) override { KeepRuns({{run_id, row}}); }
  absl::StatusOr<int64_t> WriteSnapshot(const SnapshotRow& row) override;
  void EndRun(uint64_t run_id) override;
  absl::Status UpsertContainers(absl::Span<const ContainerRef> containers) override;
  absl::Status UpsertNamespaces(absl::Span<const NamespaceRow> namespaces) override;
  absl::Status EndUnseen() override;
  absl::Status Heartbeat() override;
  absl::StatusOr<uint64_t> ApplyRetention() override;
  absl::Status Close() override;
  uint64_t SizeBytes() const override;
  std::vector<std::string> TakeNotes() override { return std::exchange(notes_, {}); }

 private:
  absl::Status OpenFile();
  absl::Status Replace(const absl::Status& reason);
  void FollowSetAside(TimelineOpenReport* report);
  absl::Status Guarded(absl::FunctionRef<absl::Status()> work);
  absl::Status InTransaction(absl::FunctionRef<absl::Status()> work);
  absl::Status CheckLog();
  absl::Status WriteItem(const TimelineItem& item, Written* written);
  absl::Status WriteFact(const TimelineFact& fact, const Written& written);
  absl::StatusOr<int64_t> InsertRow(const ObservedEvent& event);
  void KeepRuns(const RunRows& added);

  const TimelineOptions options_;
  const std::string path_;
  const Clock* const clock_;
  const std::string boot_id_;
  const UniqueFd lock_;
  std::unique_ptr<TimelineFile> file_;  // nullptr: a replacement could not be opened yet
  RunRows runs_;                        // those that are open
  absl::flat_hash_set<int64_t> open_rows_;
  SerialRows serials_;
  std::optional<int64_t> replaced_boot_ns_;
  int64_t last_event_id_ = 0;  // of the file that was replaced
  int beats_at_rest_ = 0;      // since anything else was written
  std::vector<std::string> notes_;
};

absl::Status SqliteTimeline::Start(TimelineOpenReport* report) {
  NSOBS_RETURN_IF_ERROR(PrepareFile(path_));
  absl::Status status = OpenFile();
  if (absl::IsDataLoss(status) || absl::IsAlreadyExists(status)) {
    NSOBS_RETURN_IF_ERROR(Replace(status));
  } else if (!status.ok()) {
    return Annotate(status, path_);
  }
  if (const auto& previous = file_->meta.previous(); previous) {
    report->gap = GapSince(*previous, boot_id_, clock_->WallNs());
  } else {
    FollowSetAside(report);
  }
  report->notes = TakeNotes();
  return absl::OkStatus();
}

absl::Status SqliteTimeline::OpenFile() {
  NSOBS_ASSIGN_OR_RETURN(file_, TimelineFile::Open(options_, clock_, boot_id_));
  return file_->events.StartAfter(last_event_id_);
}

// A file in which nobody has beaten yet follows one that was set aside, just now or by a run that
// came no further than that. That one can't say when it was used last, but the filesystem knows
// when it was written.
void SqliteTimeline::FollowSetAside(TimelineOpenReport* report) {
  const std::string aside = LastSetAside(options_.directory);
  if (aside.empty()) return;
  if (!replaced_boot_ns_) {
    notes_.push_back(absl::StrCat(kTimelineFile, " was set aside as ",
                                  aside.substr(options_.directory.size() + 1),
                                  " by an earlier run, which came no further"));
  }
  const int64_t written = IsAnothers(aside) ? 0 : LastWrittenWallNs(aside);
  if (written == 0) return;
  const int64_t now = clock_->WallNs();
  const int64_t booted = now - clock_->BootNs();
  report->gap = Gap{.cause = written < booted ? "host_reboot" : "crashed",
                    .from_wall_ns = std::min(written, now),
                    .to_wall_ns = now};
}

absl::Status SqliteTimeline::Replace(const absl::Status& reason) {
  const int64_t now = clock_->BootNs();
  // A disk that damages what is written would have us do nothing but begin anew.
  if (replaced_boot_ns_ && now - *replaced_boot_ns_ < kMinReplaceIntervalNs) return reason;
  replaced_boot_ns_ = now;
  if (file_ != nullptr) {
    last_event_id_ = file_->events.last_id();
    file_->database->LeaveLogOnClose();
    file_.reset();
  }
  runs_.clear();
  open_rows_.clear();
  serials_.Clear();
  NSOBS_ASSIGN_OR_RETURN(std::string name, SetAside(options_.directory, clock_->WallNs()));
  notes_.push_back(absl::StrCat(kTimelineFile, " could not be used (", reason.message(),
                                ") and was set aside as ", name, "; a fresh one was begun"));
  NSOBS_RETURN_IF_ERROR(PrepareFile(path_));
  return OpenFile();
}

// Runs `work` on an open file; when that turns out to be corrupt, once more on a fresh one.
absl::Status SqliteTimeline::Guarded(absl::FunctionRef<absl::Status()> work) {
  if (file_ == nullptr) {
    NSOBS_RETURN_IF_ERROR(PrepareFile(path_));
    NSOBS_RETURN_IF_ERROR(OpenFile());
  }
  absl::Status status = work();
  if (!absl::IsDataLoss(status)) return status;
  NSOBS_RETURN_IF_ERROR(Replace(status));
  return work();
}

absl::Status SqliteTimeline::InTransaction(absl::FunctionRef<absl::Status()> work) {
  beats_at_rest_ = 0;
  return Guarded([&]() -> absl::Status {
    absl::Status status;
    {
      NSOBS_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(file_->database.get()));
      status = work();
      if (status.ok()) status = transaction.Commit();
    }
    if (!status.ok()) {
      file_->containers.ForgetRefs();
      file_->meta.Undone();
    }
    return status;
  });
}

absl::Status SqliteTimeline::CheckLog() {
  const int64_t limit = ShareOut(options_.retention_bytes).log_limit_bytes;
  if (FileBytes(path_ + "-wal") <= static_cast<uint64_t>(limit)) return absl::OkStatus();
  // Empties the log if the reader is gone by now.
  if (file_ != nullptr) (void)file_->database->QueryInt("PRAGMA wal_checkpoint(TRUNCATE)");
  if (FileBytes(path_ + "-wal") <= static_cast<uint64_t>(limit)) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("a reader of ", path_, " keeps its write-ahead log from being emptied"));
}

absl::Status SqliteTimeline::Write(absl::Span<const TimelineItem> items) {
  return WriteWith(items, {});
}

absl::Status SqliteTimeline::WriteWith(absl::Span<const TimelineItem> items,
                                       absl::Span<const TimelineFact> facts) {
  Written written;
  NSOBS_RETURN_IF_ERROR(CheckLog());
  NSOBS_RETURN_IF_ERROR(InTransaction([&]() -> absl::Status {
    written = {};
    for (const TimelineItem& item : items) NSOBS_RETURN_IF_ERROR(WriteItem(item, &written));
    for (const TimelineFact& fact : facts) NSOBS_RETURN_IF_ERROR(WriteFact(fact, written));
    return file_->meta.Beat();
  }));
  KeepRuns(written.runs);
  for (const auto& [serial, row] : written.serials) serials_.Add(serial, row);
  if (written.dropped > 0) {
    notes_.push_back(
        absl::StrCat(written.dropped, " extensions of events whose rows are gone were dropped"));
  }
  return absl::OkStatus();
}

absl::Status SqliteTimeline::WriteItem(const TimelineItem& item, Written* written) {
  if (const TimelineRow* row = std::get_if<TimelineRow>(&item)) {
    NSOBS_ASSIGN_OR_RETURN(int64_t id, InsertRow(row->event));
    if (row->run_id != 0) written->runs[row->run_id] = id;
    if (row->event.serial != 0) written->serials.emplace_back(row->event.serial, id);
    return absl::OkStatus();
  }
  const TimelineExtension& extension = std::get<TimelineExtension>(item);
  auto found = written->runs.find(extension.run_id);
  const bool in_batch = found != written->runs.end();
  if (!in_batch) found = runs_.find(extension.run_id);
  if (!in_batch && found == runs_.end()) {
    ++written->dropped;
    return absl::OkStatus();
  }
  NSOBS_RETURN_IF_ERROR(
      file_->events.Extend(found->second, extension.count, extension.last_wall_ns));
  if (file_->database->Changes() == 0) ++written->dropped;
  return absl::OkStatus();
}

absl::Status SqliteTimeline::WriteFact(const TimelineFact& fact, const Written& written) {
  if (fact.run_id == 0) return file_->meta.SetFact(fact.key, fact.value);
  int64_t row = 0;
  if (auto added = written.runs.find(fact.run_id); added != written.runs.end()) {
    row = added->second;
  } else if (auto open = runs_.find(fact.run_id); open != runs_.end()) {
    row = open->second;
  }
  return file_->meta.SetFact(fact.key, absl::StrCat(fact.value, " ", row));
}

absl::StatusOr<std::map<std::string, std::string>> SqliteTimeline::Facts() {
  if (file_ == nullptr) return absl::UnavailableError("no timeline");
  return file_->meta.Facts(file_->database.get());
}

absl::Status SqliteTimeline::ForgetFacts() {
  return InTransaction([&] { return file_->meta.ForgetFacts(file_->database.get()); });
}

absl::StatusOr<uint64_t> SqliteTimeline::CountOf(int64_t row) {
  if (file_ == nullptr) return absl::UnavailableError("no timeline");
  NSOBS_ASSIGN_OR_RETURN(Statement get,
                         file_->database->Prepare("SELECT count FROM events WHERE id = ?"));
  get.Bind(1, row);
  NSOBS_ASSIGN_OR_RETURN(const bool found, get.Step());
  if (!found) return absl::NotFoundError("the row is gone");
  return static_cast<uint64_t>(get.Int(0));
}

absl::StatusOr<int64_t> SqliteTimeline::WriteSnapshot(const SnapshotRow& row) {
  int64_t id = 0;
  NSOBS_RETURN_IF_ERROR(CheckLog());
  NSOBS_RETURN_IF_ERROR(InTransaction([&]() -> absl::Status {
    std::optional<int64_t> container;
    if (row.container != nullptr) {
      NSOBS_ASSIGN_OR_RETURN(container, file_->containers.RefOf(*row.container));
    }
    NSOBS_ASSIGN_OR_RETURN(id, file_->snapshots.Insert(row, container, serials_));
    return absl::OkStatus();
  }));
  return id;
}

absl::StatusOr<int64_t> SqliteTimeline::InsertRow(const ObservedEvent& event) {
  EventOwners owners;
  if (event.container != nullptr) {
    NSOBS_ASSIGN_OR_RETURN(owners.container, file_->containers.RefOf(*event.container));
  }
  if (event.entered && event.entered_from == nullptr) {
    owners.entered_from = kEnteredFromHost;
  } else if (event.entered) {
    NSOBS_ASSIGN_OR_RETURN(owners.entered_from, file_->containers.RefOf(*event.entered_from));
  }
  return file_->events.Insert(event, owners);
}

void SqliteTimeline::KeepRuns(const RunRows& added) {
  for (const auto& [run, row] : added) {
    EndRun(run);  // a run that is begun twice goes on in its newer row
    runs_[run] = row;
    open_rows_.insert(row);
  }
}

void SqliteTimeline::EndRun(uint64_t run_id) {
  auto found = runs_.find(run_id);
  if (found == runs_.end()) return;
  open_rows_.erase(found->second);
  runs_.erase(found);
}

absl::Status SqliteTimeline::UpsertContainers(absl::Span<const ContainerRef> containers) {
  return InTransaction([&]() -> absl::Status {
    for (const ContainerRef& container : containers) {
      if (container != nullptr) NSOBS_RETURN_IF_ERROR(file_->containers.Upsert(*container));
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteTimeline::UpsertNamespaces(absl::Span<const NamespaceRow> namespaces) {
  return InTransaction([&]() -> absl::Status {
    for (const NamespaceRow& row : namespaces) {
      NSOBS_RETURN_IF_ERROR(file_->namespaces.Upsert(row));
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteTimeline::EndUnseen() {
  return InTransaction([&]() -> absl::Status {
    const auto& previous = file_->meta.previous();
    if (!previous) return absl::OkStatus();
    NSOBS_RETURN_IF_ERROR(file_->containers.EndUnseen(previous->heartbeat_wall_ns));
    return file_->namespaces.EndUnseen(previous->heartbeat_wall_ns);
  });
}

// What a burst brought into the cache (4 MiB) is given back once it is over: a beat needs a few
// pages, and the kernel has them all.
absl::Status SqliteTimeline::Heartbeat() {
  const int beats = beats_at_rest_ + 1;
  const absl::Status status = InTransaction([&] { return file_->meta.Beat(); });
  beats_at_rest_ = beats;
  if (beats == kBeatsAtRest && file_ != nullptr) file_->database->FreeCache();
  return status;
}

absl::StatusOr<uint64_t> SqliteTimeline::ApplyRetention() {
  uint64_t removed = 0;
  absl::Status status = Guarded([&]() -> absl::Status {
    NSOBS_RETURN_IF_ERROR(file_->record_retention.Apply(kRecordRetentionBudget));
    NSOBS_ASSIGN_OR_RETURN(RetentionResult result,
                           file_->retention.Apply(kRetentionBudget, [this](int64_t id) {
                             return open_rows_.contains(id);
                           }));
    if (result.containers > 0) file_->containers.ForgetRefs();
    removed = result.events;
    file_->database->FreeCache();  // of a host that is never at rest, too
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return removed;
}

absl::Status SqliteTimeline::Close() {
  absl::Status status = InTransaction([&]() -> absl::Status {
    NSOBS_RETURN_IF_ERROR(file_->meta.Beat());
    return file_->meta.MarkCleanStop();
  });
  file_.reset();
  return status;
}

uint64_t SqliteTimeline::SizeBytes() const {
  return FileBytes(path_) + FileBytes(path_ + "-wal") + FileBytes(path_ + "-shm");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Timeline>> Timeline::Open(const TimelineOptions& options,
                                                         const Clock* clock,
                                                         TimelineOpenReport* report) {
  NSOBS_RETURN_IF_ERROR(CheckOptions(options));
  NSOBS_RETURN_IF_ERROR(PrepareStorageDirectory(options.directory));
  NSOBS_ASSIGN_OR_RETURN(UniqueFd lock, LockStorageDirectory(options.directory));
  auto timeline = std::make_unique<SqliteTimeline>(options, clock, std::move(lock));
  NSOBS_RETURN_IF_ERROR(timeline->Start(report));
  return std::unique_ptr<Timeline>(std::move(timeline));
}

}  // namespace nsobs
