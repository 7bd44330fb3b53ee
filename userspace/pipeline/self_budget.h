// Holds the observer to its own budget: measures what it costs, lowers how many bulk events a
// container may send while that is too much, and tells since when and why.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "userspace/base/clock.h"
#include "userspace/base/fd.h"
#include "userspace/base/mutex.h"
#include "userspace/budget/governor.h"
#include "userspace/event/metrics_snapshot.h"
#include "userspace/event/observed_event.h"

namespace nsobs {

// What it needs of the rest; all are called on the pipeline's thread.
struct BudgetHandlers {
  std::function<absl::Duration()> cpu_time;     // so far, of all our processes
  std::function<uint64_t()> bulk_records;       // received so far
  std::function<UniqueFd()> measure_programs;   // while it is held the kernel measures; not ok: no
  std::function<uint64_t()> program_time_ns;    // so far measured, of all our programs
  std::function<void(uint64_t)> set_bulk_most;  // events a second and container; UINT64_MAX: no end
};

// One thread, the pipeline's, but for State() and set_limit().
class SelfBudget {
 public:
  // `clock` outlives it. Samples are taken about six times a window, at most each 5 s. The BPF
  // programs are measured for 0.1 s in each two samples and that is taken for the whole: measured
  // all the time, each run of each BPF program of the host would read the clock twice (some 50 ns).
  SelfBudget(const GovernorOptions& options, BudgetHandlers handlers, const Clock* clock);

  void OnTick();  // a few times a second
  void Stop();    // what was shed until now is told; nothing is shed any more

  // Gaps since the last call: one when the shedding ends, and one each ten minutes until then.
  std::vector<ObservedEvent> TakeRows();

  BudgetState State() const;
  void set_limit(double limit);

 private:
  void MeasurePrograms(int64_t now_ns);
  void Sample(int64_t now_ns);
  void Turn(int level, int64_t now_ns);
  void Tell(int64_t now_ns);

  const BudgetHandlers handlers_;
  const Clock* const clock_;
  const int64_t period_ns_;
  Governor governor_;
  UniqueFd measuring_;
  int64_t measured_from_ns_ = 0, next_measure_ns_ = 0, next_sample_ns_ = 0;
  uint64_t program_ns_ = 0;  // when measuring_ began
  double programs_ = 0;
  int highest_ = 0;  // level since the last row
  double worst_ = 0;
  std::optional<int64_t> told_until_ns_;  // boot clock; nullopt: nothing is shed
  std::vector<ObservedEvent> rows_;
  mutable Mutex mutex_;
  BudgetState state_ ABSL_GUARDED_BY(mutex_);
  std::optional<int64_t> shed_since_ns_ ABSL_GUARDED_BY(mutex_);
  double limit_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
