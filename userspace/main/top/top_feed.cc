#include "userspace/main/top/top_feed.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kSlowEveryNs = kSecond;
constexpr int64_t kContainersEveryNs = 5 * kSecond;
// The observer writes down once a second what grew; it may be late.
constexpr int64_t kGrowthMarginNs = 5 * kSecond;
// Rows that are looked at to find kTopMaxEvents worth showing.
constexpr size_t kMostScanned = 5 * kTopMaxEvents;

// Damaged rows are no reason to hide the others.
absl::Status Tolerate(const absl::Status& status) {
  return absl::IsDataLoss(status) ? absl::OkStatus() : status;
}

}  // namespace

absl::Status TopFeed::Look(int64_t window_ns, TopStore* store, bool* changed) {
  const int64_t now = clock_->WallNs();
  const int64_t since = now - window_ns;
  *changed = !loaded_;
  if (!loaded_) {
    NSOBS_RETURN_IF_ERROR(Load(since, store));
    loaded_ = true;
    return absl::OkStatus();
  }
  NSOBS_RETURN_IF_ERROR(ReadNewer(since, store, changed));
  NSOBS_RETURN_IF_ERROR(ReadSlow(now, since, store, changed));
  store->Expire(since);
  return absl::OkStatus();
}

absl::Status TopFeed::Load(int64_t since_wall_ns, TopStore* store) {
  store->Clear();
  last_event_id_ = last_finding_id_ = 0;
  slow_boot_ns_ = containers_boot_ns_ = 0;
  bool ignored = false;
  // Before the rows are read: what is recorded meanwhile has a larger id and is read later.
  NSOBS_ASSIGN_OR_RETURN(const int64_t newest, reader_->LastEventId());
  EventQuery query;
  query.since_wall_ns = since_wall_ns;
  NSOBS_RETURN_IF_ERROR(ReadEvents(query, store, &ignored));
  last_event_id_ = std::max(last_event_id_, newest);
  NSOBS_RETURN_IF_ERROR(ReadFindings(since_wall_ns, store, &ignored));
  return ReadSlow(clock_->WallNs(), since_wall_ns, store, &ignored);
}

absl::Status TopFeed::ReadNewer(int64_t since_wall_ns, TopStore* store, bool* changed) {
  NSOBS_ASSIGN_OR_RETURN(const int64_t newest, reader_->LastEventId());
  if (newest < last_event_id_) {  // the observer set the file aside and began a new one
    *changed = true;
    return Load(since_wall_ns, store);
  }
  if (newest > last_event_id_) {
    EventQuery query;
    query.after_id = last_event_id_;
    NSOBS_RETURN_IF_ERROR(ReadEvents(query, store, changed));
    last_event_id_ = std::max(last_event_id_, newest);
    // Most likely a container came or went.
    containers_boot_ns_ =
        std::min(containers_boot_ns_, clock_->BootNs() - kContainersEveryNs + kSecond);
  }
  NSOBS_ASSIGN_OR_RETURN(const int64_t finding, reader_->LastFindingId());
  if (finding == last_finding_id_) return absl::OkStatus();
  return ReadFindings(since_wall_ns, store, changed);
}

absl::Status TopFeed::ReadSlow(int64_t now, int64_t since_wall_ns, TopStore* store, bool* changed) {
  const int64_t boot = clock_->BootNs();
  if (slow_boot_ns_ != 0 && boot - slow_boot_ns_ < kSlowEveryNs) return absl::OkStatus();
  const bool first = slow_boot_ns_ == 0;
  slow_boot_ns_ = boot;
  NSOBS_ASSIGN_OR_RETURN(store->run, reader_->RunState());
  if (!first) {
    EventQuery grown;
    grown.since_wall_ns = std::max(since_wall_ns, now - kGrowthMarginNs);
    NSOBS_RETURN_IF_ERROR(ReadEvents(grown, store, changed));
  }
  if (containers_boot_ns_ != 0 && boot - containers_boot_ns_ < kContainersEveryNs) {
    return absl::OkStatus();
  }
  containers_boot_ns_ = boot;
  NSOBS_ASSIGN_OR_RETURN(const std::vector<StoredContainer> containers, reader_->Containers());
  store->SetContainers(containers, since_wall_ns);
  *changed = true;
  return absl::OkStatus();
}

absl::Status TopFeed::ReadEvents(EventQuery query, TopStore* store, bool* changed) {
  query.newest_first = true;
  size_t scanned = 0;
  std::vector<TopEvent> kept;  // newest first
  int64_t left_out_wall_ns = 0;
  const absl::Status status = reader_->Events(query, [&](const StoredEvent& stored) {
    last_event_id_ = std::max(last_event_id_, stored.id);
    if (++scanned > kMostScanned) {
      left_out_wall_ns = kept.empty() ? clock_->WallNs() : kept.back().last_wall_ns;
      return false;
    }
    std::optional<TopEvent> event = TopEventOf(stored);
    if (!event) return true;
    if (kept.size() == kTopMaxEvents) {
      left_out_wall_ns = event->last_wall_ns;
      return false;
    }
    kept.push_back(*std::move(event));
    return true;
  });
  NSOBS_RETURN_IF_ERROR(Tolerate(status));
  if (left_out_wall_ns != 0) store->NoteLeftOut(left_out_wall_ns);
  if (!kept.empty()) *changed = true;
  for (TopEvent& event : kept) store->Put(std::move(event));
  return absl::OkStatus();
}

absl::Status TopFeed::ReadFindings(int64_t since_wall_ns, TopStore* store, bool* changed) {
  // Before the rows are read. One that is older than the window is not asked for again and again.
  NSOBS_ASSIGN_OR_RETURN(const int64_t newest, reader_->LastFindingId());
  RecordQuery query;
  query.since_wall_ns = since_wall_ns;
  query.after_id = last_finding_id_;
  query.limit = kTopMaxFindings + 1;
  query.newest_first = true;
  const absl::Status status = reader_->Findings(query, [&](const StoredFinding& stored) {
    last_finding_id_ = std::max(last_finding_id_, stored.id);
    if (std::optional<TopFinding> finding = TopFindingOf(stored)) store->Put(*std::move(finding));
    *changed = true;
    return true;
  });
  last_finding_id_ = std::max(last_finding_id_, newest);
  return Tolerate(status);
}

}  // namespace nsobs
