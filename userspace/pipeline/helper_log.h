// The processes that work for the observer: how often one had to be replaced, and a row for each
// time, since meanwhile something was not done.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/mutex.h"
#include "userspace/event/helper_end.h"
#include "userspace/event/metrics_snapshot.h"
#include "userspace/event/observed_event.h"

namespace nsobs {

// Thread-safe; never waits for anybody.
class HelperLog {
 public:
  explicit HelperLog(const Clock* clock);  // outlives the log

  void Add(const HelperEnd& end);

  // By process and reason; those that never happened with 0.
  std::vector<HelperRestartCount> Counts() const;

  // Gaps of what was added since the last call. Of more than 64 the last ones are left out; they
  // are counted all the same.
  std::vector<ObservedEvent> TakeRows();

 private:
  const Clock* const clock_;
  mutable Mutex mutex_;
  std::map<std::pair<std::string, std::string>, uint64_t> counts_ ABSL_GUARDED_BY(mutex_);
  std::vector<ObservedEvent> rows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
