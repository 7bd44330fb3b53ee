// How much detail the observer can afford: from samples of what it costs to a level. Pure: knows no
// clock, no kernel and no file.
//
// Bulk events are shed, nothing else: counters are kept in the kernel and stay exact, and critical
// events are few by nature. So a level is a limit of bulk events for each container.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "absl/time/time.h"

namespace nsobs {

// Bulk events a second that each container may send at a level; level 0 has no limit of its own.
// Steps of four: from "nobody writes so much by accident" to "one sees that it goes on".
inline constexpr std::array<uint64_t, 6> kBulkPerSecond = {UINT64_MAX, 16000, 4000, 1000, 250, 60};
inline constexpr int kMaxLevel = static_cast<int>(kBulkPerSecond.size()) - 1;

struct GovernorOptions {
  double limit = 0.02;  // CPU seconds a second; 0: never sheds
  // For how long it has to be above the limit before anything is shed, by averages of a third.
  // Shorter bursts than this are what the observer is there for: the first half minute of a crash
  // loop is worth more than its CPU time.
  absl::Duration window = absl::Seconds(30);
};

struct CostSample {
  absl::Duration time;        // on a clock that isn't set
  absl::Duration processes;   // CPU time so far of the observer and all that it started
  double programs = 0;        // share of a core that the BPF programs take, as last measured
  uint64_t bulk_records = 0;  // received so far
};

// One thread.
class Governor {
 public:
  explicit Governor(const GovernorOptions& options) : options_(options) {}

  // Samples in order of time, each few seconds; the first is where it begins to measure. Returns
  // the level from now on:
  //  - up, when it was above the limit for a whole window, third by third; once it sheds, for a
  //    third; to the next level that would save a quarter of the limit, and not at all if none
  //    would: what costs so much then is not bulk events;
  //  - back to 0, when so few bulk events come that nobody is held back (a third of a window);
  //  - down by one, when the average has stayed below 70 % of the limit; each time that this was
  //    too early (it goes up again within two windows) it waits twice as long, up to 16 windows.
  int Add(const CostSample& sample);

  // The limit changes at once, what was measured stays.
  void set_limit(double limit) { options_.limit = limit; }
  double limit() const { return options_.limit; }

  int level() const { return level_; }
  // Averages of a window, or since the last change of the level.
  double processes() const { return average_.processes; }
  double programs() const { return average_.programs; }

 private:
  struct Cost {
    double processes = 0, programs = 0, bulk_per_second = 0;
    double share() const { return processes + programs; }
  };
  void Forget(absl::Duration now);
  Cost CostSince(absl::Duration age) const;
  int Decide(absl::Duration now);
  void Change(int level, absl::Duration now);

  GovernorOptions options_;
  std::deque<CostSample> samples_;  // of the window, and since the last change
  int level_ = 0;
  Cost average_;
  std::optional<absl::Duration> above_since_;  // the limit
  absl::Duration changed_ = -absl::InfiniteDuration();
  absl::Duration allowed_more_ = -absl::InfiniteDuration();  // the last time
  int patience_ = 1;                                         // windows
};

}  // namespace nsobs
