// A timeline with containers in every kind of trouble, as top reads it.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/main/fake_reader.h"
#include "userspace/main/top/top_model.h"

namespace nsobs {

inline constexpr int64_t kTopSecond = 1'000'000'000;

// Events at kSampleWallNs and the seconds after; findings 11 (net-loopback, certain) and 12
// (hostile text, of a hostile container) at kSampleWallNs.
std::vector<StoredEvent> TopSampleEvents();
std::vector<StoredFinding> TopSampleFindings();
std::vector<StoredContainer> TopSampleContainers();

// With all of these, and an observer that beat at `heartbeat_wall_ns`.
TopStore TopSampleStore(int64_t heartbeat_wall_ns);

// A reader whose window, containers and run state count.
class TopReader : public FakeReader {
 public:
  absl::Status Events(const EventQuery& query,
                      absl::FunctionRef<bool(const StoredEvent&)> visit) override;
  absl::StatusOr<std::vector<StoredContainer>> Containers() override {
    ++containers_read;
    return containers;
  }
  absl::StatusOr<TimelineRunState> RunState() override { return run; }

  std::vector<StoredContainer> containers;
  TimelineRunState run;
  int containers_read = 0;
};

// An event of `kind` with a container "runc:ID", at a second after kSampleWallNs.
StoredEvent ConnectFailureOf(const std::string& id, int64_t event_id, int64_t second,
                             int64_t count);

}  // namespace nsobs
