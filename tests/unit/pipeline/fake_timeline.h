// A timeline that remembers what it was told and fails when a test says so.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "userspace/base/mutex.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

// Thread-safe.
class FakeTimeline : public Timeline {
 public:
  // ---- what the test says --------------------------------------------------------------------
  void FailWrites(int count, absl::Status status);  // the next `count` writes, nothing is stored
  void FailHeartbeats(bool fail);
  void set_size_bytes(uint64_t size);
  // Writes wait from now on until Release().
  void Hold();
  void Release();
  void AwaitWrite();  // until a write has begun (and may be waiting)

  // ---- what happened -------------------------------------------------------------------------
  // One line a call, in order: "write 2", "failed write 2", "end 7", "containers 1",
  // "snapshot web", "failed snapshot web", "namespaces 1", "retention".
  std::vector<std::string> calls() const;
  std::vector<TimelineItem> stored() const;
  std::map<std::string, std::string> facts() const;
  int heartbeats() const;

  // ---- Timeline ------------------------------------------------------------------------------
  absl::Status Write(absl::Span<const TimelineItem> items) override;
  absl::Status WriteWith(absl::Span<const TimelineItem> items,
                         absl::Span<const TimelineFact> facts) override;
  absl::StatusOr<std::map<std::string, std::string>> Facts() override;
  absl::Status ForgetFacts() override;
  absl::StatusOr<uint64_t> CountOf(int64_t) override { return absl::NotFoundError("no row"); }
  void AdoptRun(uint64_t, int64_t) override {}
  absl::StatusOr<int64_t> WriteSnapshot(const SnapshotRow& row) override;
  void EndRun(uint64_t run_id) override;
  absl::Status UpsertContainers(absl::Span<const ContainerRef> containers) override;
  absl::Status UpsertNamespaces(absl::Span<const NamespaceRow> namespaces) override;
  absl::Status EndUnseen() override { return absl::OkStatus(); }
  absl::Status Heartbeat() override;
  absl::StatusOr<uint64_t> ApplyRetention() override;
  absl::Status Close() override { return absl::OkStatus(); }
  uint64_t SizeBytes() const override;
  std::vector<std::string> TakeNotes() override { return {}; }

 private:
  void Note(std::string call);

  mutable Mutex mutex_;
  std::map<std::string, std::string> facts_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<TimelineItem> stored_ ABSL_GUARDED_BY(mutex_);
  int64_t snapshots_ ABSL_GUARDED_BY(mutex_) = 0;
  bool hold_ ABSL_GUARDED_BY(mutex_) = false;
  int writes_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  bool fail_heartbeats_ ABSL_GUARDED_BY(mutex_) = false;
  int heartbeats_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace nsobs
