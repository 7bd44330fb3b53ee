// What was looked into and found: totals for metrics, and what is wrong right now for alerts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "userspace/base/mutex.h"
#include "userspace/event/finding.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

// Thread-safe.
class FindingBook {
 public:
  // A finding is active for so long after it was last found, also when its container ended. Every
  // known case and cause is counted from 0, so that the first one is an increase.
  explicit FindingBook(absl::Duration active_for);

  // False: the same was found in it a moment ago by another rule, so it is another sign of the same
  // trouble (an ignored SIGTERM, then the end). What one rule tells twice are two troubles.
  bool Found(const Finding& finding, const std::string& rule, const ContainerRef& container,
             int64_t now_boot_ns);
  void Taken(absl::Duration took);
  void Failed();
  void Suppressed(const std::string& cause, uint64_t count = 1);

  InvestigationCounts Counts(int64_t now_boot_ns);

 private:
  using ActiveKey = std::pair<std::string, std::string>;  // case, container's id
  struct Active {
    ContainerRef container;
    Confidence confidence = Confidence::kUnknown;  // of the last one; of one trouble, the surest
    int64_t until_boot_ns = 0;
    std::string rule;  // that told it last
    int64_t found_boot_ns = 0;
  };

  const absl::Duration active_for_;
  Mutex mutex_;
  std::map<std::string, uint64_t> by_case_ ABSL_GUARDED_BY(mutex_);
  std::map<ActiveKey, Active> active_ ABSL_GUARDED_BY(mutex_);
  InvestigationCounts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
