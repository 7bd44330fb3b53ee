#include "tests/unit/pipeline/fake_timeline.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace nsobs {

void FakeTimeline::FailWrites(int count, absl::Status status) {
  MutexLock lock(&mutex_);
  failures_.insert(failures_.end(), static_cast<size_t>(count), status);
}

void FakeTimeline::FailHeartbeats(bool fail) {
  MutexLock lock(&mutex_);
  fail_heartbeats_ = fail;
}

void FakeTimeline::set_size_bytes(uint64_t size) {
  MutexLock lock(&mutex_);
  size_bytes_ = size;
}

void FakeTimeline::Hold() {
  MutexLock lock(&mutex_);
  hold_ = true;
}

void FakeTimeline::Release() {
  MutexLock lock(&mutex_);
  hold_ = false;
}

void FakeTimeline::AwaitWrite() {
  MutexLock lock(&mutex_);
  const auto begun = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return writes_begun_ > 0; };
  mutex_.Await(begun);
}

std::vector<std::string> FakeTimeline::calls() const {
  MutexLock lock(&mutex_);
  return calls_;
}

std::vector<TimelineItem> FakeTimeline::stored() const {
  MutexLock lock(&mutex_);
  return stored_;
}

int FakeTimeline::heartbeats() const {
  MutexLock lock(&mutex_);
  return heartbeats_;
}

absl::Status FakeTimeline::Write(absl::Span<const TimelineItem> items) {
  MutexLock lock(&mutex_);
  ++writes_begun_;
  const auto released = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !hold_; };
  mutex_.Await(released);
  if (!failures_.empty()) {
    calls_.push_back(absl::StrCat("failed write ", items.size()));
    absl::Status status = std::move(failures_.front());
    failures_.pop_front();
    return status;
  }
  calls_.push_back(absl::StrCat("write ", items.size()));
  stored_.insert(stored_.end(), items.begin(), items.end());
  return absl::OkStatus();
}

absl::StatusOr<int64_t> FakeTimeline::WriteSnapshot(const SnapshotRow& row) {
  MutexLock lock(&mutex_);
  if (!failures_.empty()) {
    calls_.push_back(absl::StrCat("failed snapshot ", row.target));
    absl::Status status = std::move(failures_.front());
    failures_.pop_front();
    return status;
  }
  calls_.push_back(absl::StrCat("snapshot ", row.target));
  return ++snapshots_;
}

void FakeTimeline::Note(std::string call) {
  MutexLock lock(&mutex_);
  calls_.push_back(std::move(call));
}

void FakeTimeline::EndRun(uint64_t run_id) { Note(absl::StrCat("end ", run_id)); }

absl::Status FakeTimeline::UpsertContainers(absl::Span<const ContainerRef> containers) {
  Note(absl::StrCat("containers ", containers.size()));
  return absl::OkStatus();
}

absl::Status FakeTimeline::UpsertNamespaces(absl::Span<const NamespaceRow> namespaces) {
  Note(absl::StrCat("namespaces ", namespaces.size()));
  return absl::OkStatus();
}

absl::Status FakeTimeline::Heartbeat() {
  MutexLock lock(&mutex_);
  ++heartbeats_;
  return fail_heartbeats_ ? absl::UnavailableError("no") : absl::OkStatus();
}

absl::StatusOr<uint64_t> FakeTimeline::ApplyRetention() {
  Note("retention");
  return 0;
}

uint64_t FakeTimeline::SizeBytes() const {
  MutexLock lock(&mutex_);
  return size_bytes_;
}

absl::Status FakeTimeline::WriteWith(absl::Span<const TimelineItem> items,
                                     absl::Span<const TimelineFact> facts) {
  if (absl::Status status = Write(items); !status.ok()) return status;
  MutexLock lock(&mutex_);
  for (const TimelineFact& fact : facts) {
    if (fact.value.empty()) {
      facts_.erase(fact.key);
    } else {
      facts_[fact.key] = fact.value;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> FakeTimeline::Facts() { return facts(); }

absl::Status FakeTimeline::ForgetFacts() {
  MutexLock lock(&mutex_);
  facts_.clear();
  return absl::OkStatus();
}

std::map<std::string, std::string> FakeTimeline::facts() const {
  MutexLock lock(&mutex_);
  return facts_;
}

}  // namespace nsobs
