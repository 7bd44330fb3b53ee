// The timeline: what was observed, kept in one SQLite file so that it outlives the observer. This
// is the only writer of that file; timeline_reader.h is the other side. The file's format is
// described in userspace/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "userspace/base/clock.h"
#include "userspace/event/observed_event.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {

struct TimelineOptions {
  std::string directory;  // made with mode 0700 when it is missing; its parent must exist
  absl::Duration retention_age = absl::Hours(24 * 14);  // counted from an event's last time
  uint64_t retention_bytes = 2ull << 30;                // of SizeBytes(); at least 4 MiB
};

// A new row. `run_id` is the caller's name for a run of equal events, so that it can be extended
// until EndRun(); 0 for an event that never will be.
struct TimelineRow {
  uint64_t run_id = 0;
  ObservedEvent event;
};

// The run's new total count and last time. Dropped with a note (see TakeNotes) when no row of that
// run exists, which happens only after a corrupt file was set aside.
struct TimelineExtension {
  uint64_t run_id = 0;
  uint64_t count = 0;
  int64_t last_wall_ns = 0;
};

using TimelineItem = std::variant<TimelineRow, TimelineExtension>;

// A word that is kept in `meta` for the next run of the observer.
struct TimelineFact {
  std::string key;
  std::string value;    // "": the key is removed
  uint64_t run_id = 0;  // not 0: a space and the id of its row are put behind the value (0: none)
};

struct TimelineOpenReport {
  // One line each for the log, e.g. "timeline.db was corrupt and was set aside as ...".
  std::vector<std::string> notes;
  // Time since the previous run's last heartbeat. Open() does not write it: Write() it as the first
  // event. Until then it is reported again by the next Open(), so that a crash can't hide it.
  std::optional<Gap> gap;
};

// Not thread-safe: one thread. Never carried across fork(). Every method does bounded work.
//
// Errors: RESOURCE_EXHAUSTED the disk is full, or a reader has kept the write-ahead log from being
// emptied for too long; UNAVAILABLE an input/output error or somebody else's lock. After either, a
// later call may succeed. A file that turns out to be corrupt is set aside, the call is repeated on
// a fresh one, and a note tells; DATA_LOSS when that happened already within the last minute.
class Timeline {
 public:
  // `clock` outlives the timeline. FAILED_PRECONDITION: another instance uses the directory, the
  // file was written by a newer version, a network filesystem, or a directory that others can write
  // to; INVALID_ARGUMENT: bad options; PERMISSION_DENIED.
  static absl::StatusOr<std::unique_ptr<Timeline>> Open(const TimelineOptions& options,
                                                        const Clock* clock,
                                                        TimelineOpenReport* report);
  virtual ~Timeline() = default;  // as a crash would leave it, unless Close() was called

  // One transaction: all or nothing. After an error the items can be written again as they are.
  // Committed rows outlive a kill -9 of the process. Loss and gap events also go to their own
  // tables. Counts as a heartbeat.
  virtual absl::Status Write(absl::Span<const TimelineItem> items) = 0;

  // The same, with facts, in one transaction.
  virtual absl::Status WriteWith(absl::Span<const TimelineItem> items,
                                 absl::Span<const TimelineFact> facts) = 0;
  // All facts, by key.
  virtual absl::StatusOr<std::map<std::string, std::string>> Facts() = 0;
  virtual absl::Status ForgetFacts() = 0;
  // NOT_FOUND: there is no such row.
  virtual absl::StatusOr<uint64_t> CountOf(int64_t row) = 0;
  // A run that a predecessor had begun in this row can be extended under this name.
  virtual void AdoptRun(uint64_t run_id, int64_t row) = 0;

  // The snapshot and its findings, in one transaction; the snapshot's id. The serials in it become
  // the ids of the rows that Write() made of these events, if they are among the last 65,536.
  // INVALID_ARGUMENT: the record is larger than kMaxRecordBytes.
  virtual absl::StatusOr<int64_t> WriteSnapshot(const SnapshotRow& row) = 0;

  // No more extensions for it. Retention leaves rows of open runs alone.
  virtual void EndRun(uint64_t run_id) = 0;

  // Inserts or updates by identity; null references are skipped. Write() inserts containers that it
  // doesn't know yet but never updates one, since an event can carry an older state.
  virtual absl::Status UpsertContainers(absl::Span<const ContainerRef> containers) = 0;

  struct NamespaceRow {
    NamespaceKind kind = NamespaceKind::kNet;
    NamespaceIdentity identity;
    std::string owner_name;
    std::string owner_id;  // "" with the others: the host
    std::string owner_runtime;
    int64_t born_wall_ns = 0;  // 0: not known
    int64_t died_wall_ns = 0;  // 0: alive
  };
  virtual absl::Status UpsertNamespaces(absl::Span<const NamespaceRow> namespaces) = 0;

  // Marks as dead what was alive for the previous run and has not been upserted since Open(); the
  // time of death is not known, the previous run's last heartbeat stands for it. Call it once after
  // the first complete host scan.
  virtual absl::Status EndUnseen() = 0;

  // About each second: it bounds the gap after a crash.
  virtual absl::Status Heartbeat() = 0;

  // Removes what is too old, then the oldest while there is too much (snapshots may take a quarter
  // of the bytes, findings a sixteenth, and outlive their snapshots); gives space back to the
  // filesystem. Returns the number of events removed. At most about 100 ms a call, the write lock
  // is released in between: call it every few seconds, and again soon while it returns more than 0.
  virtual absl::StatusOr<uint64_t> ApplyRetention() = 0;

  // Records the clean stop and closes the file. Nothing but the destructor may follow.
  virtual absl::Status Close() = 0;

  // Database, write-ahead log and shared memory file; not files that were set aside.
  virtual uint64_t SizeBytes() const = 0;

  // What happened since Open() or the last call, one line each for the log.
  virtual std::vector<std::string> TakeNotes() = 0;
};

}  // namespace nsobs
