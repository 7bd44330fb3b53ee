// The table meta: which run of the observer wrote last, and when it was last heard of.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/clock.h"
#include "userspace/event/event.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// What `meta` says about the last run that beat; nullopt: none did. Also for readers.
absl::StatusOr<std::optional<TimelineRunState>> ReadRunState(Database* database);

// The time in which nobody looked before `now_ns`. A reboot explains it better than the clean stop
// that came with it. A clock that was set back makes it empty, not negative.
Gap GapSince(const TimelineRunState& previous, const std::string& boot_id, int64_t now_ns);

class RunMeta {
 public:
  // Begins a run. The file keeps the previous run's state until the first Beat().
  static absl::StatusOr<RunMeta> Make(Database* database, const Clock* clock, std::string boot_id);

  const std::optional<TimelineRunState>& previous() const { return previous_; }
  int64_t run() const { return run_; }

  // Within the caller's transaction. Call Undone() if that transaction was rolled back.
  absl::Status Beat();
  void Undone() { begun_ = false; }
  absl::Status MarkCleanStop();

  // Words for the next run, under keys that nothing else here has.
  absl::Status SetFact(std::string_view key, std::string_view value);  // "": removes it
  absl::StatusOr<std::map<std::string, std::string>> Facts(Database* database) const;
  absl::Status ForgetFacts(Database* database);

 private:
  RunMeta(const Clock* clock, std::string boot_id);
  absl::Status Set(std::string_view key, int64_t value);
  absl::Status Set(std::string_view key, std::string_view value);

  const Clock* clock_;
  std::string boot_id_;
  std::optional<TimelineRunState> previous_;
  int64_t run_ = 1;
  int64_t started_ns_ = 0;
  bool begun_ = false;  // this run stands in the file
  Statement set_;
  Statement remove_;
};

}  // namespace nsobs
