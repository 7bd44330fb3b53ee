#include "tests/unit/timeline/story.h"

#include <random>
#include <utility>

#include "userspace/base/status_util.h"

namespace nsobs {

TimelineOptions StoryOptions(const std::string& directory) {
  TimelineOptions options;
  options.directory = directory;
  options.retention_bytes = 4 << 20;  // its log: 64 pages
  options.retention_age = absl::Nanoseconds(kBatchesKept * kBatchNs);
  return options;
}

Story::Story(std::string directory, uint32_t first, int retries,
             std::function<void(const Told&)> told)
    : directory_(std::move(directory)),
      first_(first),
      retries_(retries),
      told_(std::move(told)),
      clock_(kStartBoot + first * kBatchNs, BatchWallNs(first)) {}

absl::Status Story::Retry(const std::function<absl::Status()>& call) {
  absl::Status status = call();
  for (int i = 0; i < retries_ && !status.ok(); ++i) {
    errors_.push_back(status);
    status = call();
  }
  return status;
}

absl::Status Story::Open() {
  auto opened = Timeline::Open(StoryOptions(directory_), &clock_, &report_);
  if (!opened.ok()) return opened.status();
  timeline_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status Story::Tell() {
  NSOBS_RETURN_IF_ERROR(Retry([&] { return Open(); }));
  for (std::string& note : report_.notes) notes_.push_back(std::move(note));
  if (report_.gap) gaps_.push_back(report_.gap->cause);
  for (uint32_t batch = first_; batch < first_ + kStoryBatches; ++batch) {
    NSOBS_RETURN_IF_ERROR(Retry([&] { return WriteBatch(batch); }));
    last_.batch = batch;
    told_(last_);
    NSOBS_RETURN_IF_ERROR(KeepHouse(batch));
    for (std::string& note : timeline_->TakeNotes()) notes_.push_back(std::move(note));
    clock_.AdvanceNs(kBatchNs);
  }
  NSOBS_RETURN_IF_ERROR(Retry([&] { return timeline_->Close(); }));
  last_.closed = true;
  told_(last_);
  timeline_.reset();
  return absl::OkStatus();
}

absl::Status Story::WriteBatch(uint32_t batch) {
  std::vector<TimelineItem> items;
  if (batch == first_ && report_.gap) {
    ObservedEvent gap = MakeEvent(clock_, 0);
    gap.event.kind = EventKind::kGap;
    gap.event.detail = *report_.gap;
    items.push_back(TimelineRow{0, gap});
  }
  for (uint32_t i = 1; i <= kRowsPerBatch; ++i) {
    const std::string name = std::to_string(batch * 2 + i % 2);
    const uint32_t pid = batch * kRowsPerBatch + i;
    items.push_back(
        TimelineRow{i == 1 ? pid : 0, MakeEvent(clock_, pid, MakeContainer(name, name))});
  }
  items.push_back(TimelineExtension{batch * kRowsPerBatch + 1, 2, clock_.WallNs()});
  NSOBS_RETURN_IF_ERROR(timeline_->Write(items));
  timeline_->EndRun(batch * kRowsPerBatch + 1);
  return absl::OkStatus();
}

absl::Status Story::Look(uint32_t batch) {
  SnapshotRow row;
  std::string filling(6000, ' ');  // that can't be compressed away: it takes pages of its own
  std::mt19937 random(batch);
  for (char& c : filling) c = static_cast<char>('!' + random() % 90);
  row.record = {{"batch", batch}, {"filling", filling}};
  row.target = "batch " + std::to_string(batch);
  row.wall_ns = clock_.WallNs();
  auto id = timeline_->WriteSnapshot(row);
  if (id.ok()) last_.snapshot = *id;
  return id.status();
}

absl::Status Story::KeepHouse(uint32_t batch) {
  const Timeline::NamespaceRow row{
      .identity = {batch, batch}, .born_wall_ns = clock_.WallNs(), .died_wall_ns = 0};
  NSOBS_RETURN_IF_ERROR(Retry([&] { return timeline_->UpsertNamespaces({&row, 1}); }));
  if (batch % 3 == 0) {
    NSOBS_RETURN_IF_ERROR(Retry([&] { return Look(batch); }));
    told_(last_);
  }
  if (batch % 4 == 0) {
    NSOBS_RETURN_IF_ERROR(Retry([&] { return timeline_->ApplyRetention().status(); }));
  }
  return Retry([&] { return timeline_->Heartbeat(); });
}

}  // namespace nsobs
