#include "userspace/pipeline/finding_book.h"

#include <algorithm>

#include "userspace/diagnosis/case_list.h"

namespace nsobs {
namespace {

constexpr size_t kMaxActive = 4096;
constexpr int64_t kSameTroubleNs = 15'000'000'000;

constexpr const char* kCauses[] = {"queue_full", "stopping", "target_gone", "timeline_full"};

}  // namespace

FindingBook::FindingBook(absl::Duration active_for) : active_for_(active_for) {
  for (const CaseRow& row : CaseList()) by_case_[std::string(row.id)] = 0;
  for (const char* cause : kCauses) counts_.snapshots_suppressed[cause] = 0;
}

bool FindingBook::Found(const Finding& finding, const std::string& rule,
                        const ContainerRef& container, int64_t now_boot_ns) {
  MutexLock lock(&mutex_);
  const ActiveKey key{finding.case_id, container == nullptr ? "" : container->id};
  const int64_t until = now_boot_ns + absl::ToInt64Nanoseconds(active_for_);
  auto known = active_.find(key);
  const bool again = known != active_.end() && container != nullptr && known->second.rule != rule &&
                     now_boot_ns - known->second.found_boot_ns < kSameTroubleNs;
  if (!again) ++by_case_[finding.case_id];
  if (known != active_.end() || active_.size() < kMaxActive) {
    if (again) {
      known->second.until_boot_ns = until;
      known->second.confidence = std::min(known->second.confidence, finding.confidence);
    } else {
      active_[key] = {container, finding.confidence, until, rule, now_boot_ns};
    }
  }
  return !again;
}

void FindingBook::Taken(absl::Duration took) {
  MutexLock lock(&mutex_);
  ++counts_.snapshots_taken;
  counts_.snapshot_seconds += absl::ToDoubleSeconds(took);
}

void FindingBook::Failed() {
  MutexLock lock(&mutex_);
  ++counts_.snapshots_failed;
}

void FindingBook::Suppressed(const std::string& cause, uint64_t count) {
  MutexLock lock(&mutex_);
  counts_.snapshots_suppressed[cause] += count;
}

InvestigationCounts FindingBook::Counts(int64_t now_boot_ns) {
  MutexLock lock(&mutex_);
  InvestigationCounts out = counts_;
  out.findings = by_case_;
  for (auto it = active_.begin(); it != active_.end();) {
    if (it->second.until_boot_ns <= now_boot_ns) {
      it = active_.erase(it);
      continue;
    }
    out.active.push_back({it->first.first, it->second.container, it->second.confidence});
    ++it;
  }
  return out;
}

}  // namespace nsobs
