// Is each program in the kernel still at work? A thread that does harmless deeds, each of which one
// of the programs must see and count; the deeds of this thread are no events and in no other
// counter.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "userspace/base/clock.h"
#include "userspace/base/mutex.h"
#include "userspace/collector/probe_set.h"
#include "userspace/event/host_facts.h"

namespace nsobs {

class Heartbeat {
 public:
  // `probes` and `clock` outlive it. `period` between two rounds of deeds; zero: none is done.
  Heartbeat(ProbeSet* probes, const Clock* clock, absl::Duration period);
  ~Heartbeat();

  void Start();
  void Stop();  // waits for the round that is under way

  // Those that missed the last two rounds or more, by the last round. Thread-safe.
  std::vector<SilentProbe> Silent() const;
  uint64_t rounds() const { return rounds_; }  // that are over
  // By row of ProgramTable(): {tried, silent}. Not tried: off, or a seccomp filter (of our unit)
  // does not let the deed through. Thread-safe.
  struct State {
    bool tried = false;
    bool silent = false;
  };
  std::vector<State> states() const;

  // One round, on the caller's thread: for tests.
  void Beat();

 private:
  struct Row {
    uint64_t missed = 0;  // rounds in a row
    int64_t last_seen_boot_ns = 0;
    bool tried = false;
  };
  void Loop();
  void Judge(const std::vector<std::optional<uint64_t>>& before,
             const std::vector<std::optional<uint64_t>>& after,
             const std::vector<std::string_view>& barred);

  ProbeSet* const probes_;
  const Clock* const clock_;
  const absl::Duration period_;
  std::atomic<uint64_t> rounds_{0};
  mutable Mutex mutex_;
  std::vector<Row> rows_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace nsobs
