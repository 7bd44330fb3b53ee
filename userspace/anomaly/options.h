// What the rules may be told: section `anomaly` of the configuration. The defaults are meant to be
// left alone.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace nsobs {

// How serious the findings of a rule are: "off", "info", "warning", "critical". What a rule itself
// holds for minor stays info.
using SeverityWord = std::string;

struct AnomalyOptions {
  bool enabled = true;

  absl::Duration repeat_interval = absl::Minutes(5);  // of one and the same trouble
  uint64_t container_per_minute = 30;                 // by rule: info, and as many of what is worse
  uint64_t per_minute = 300;                          // all containers together, likewise

  SeverityWord connect_failure = "warning";
  uint64_t connect_failure_burst = 20;
  absl::Duration connect_failure_window = absl::Seconds(10);

  SeverityWord bind_failure = "warning";

  SeverityWord file_failure = "warning";

  SeverityWord packet_drop = "warning";

  SeverityWord dns_failure = "warning";

  SeverityWord term_ignored = "warning";
  absl::Duration term_ignored_grace = absl::Seconds(40);  // Kubernetes kills after 30 s

  SeverityWord container_end = "warning";

  SeverityWord crash = "warning";
  uint64_t crash_count = 3;
  absl::Duration crash_window = absl::Minutes(10);

  SeverityWord oom_kill = "warning";

  SeverityWord sigkill_by_other = "info";

  SeverityWord stuck = "warning";

  SeverityWord zombies = "warning";
  uint64_t zombies_growing = 10;  // of one parent, and more than at the last look
  uint64_t zombies_any = 50;

  SeverityWord pressure = "warning";
  uint64_t pressure_throttled_percent = 25;
  uint64_t pressure_stalled_percent = 20;
  absl::Duration pressure_window = absl::Seconds(30);

  SeverityWord namespace_entry = "warning";

  SeverityWord namespace_leak = "warning";
  absl::Duration namespace_leak_repeat = absl::Hours(1);

  SeverityWord silent_probe = "critical";
};

}  // namespace nsobs
