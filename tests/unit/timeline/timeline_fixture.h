// A directory of its own, a clock that stands still, and events to write.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/storage_dir.h"
#include "userspace/timeline/timeline.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr int64_t kStartWall = 1'790'000'000 * kSecond;
inline constexpr int64_t kStartBoot = 5'000 * kSecond;

#define ASSERT_OK(expr)                                    \
  do {                                                     \
    const absl::Status ok_status_ = (expr);                \
    ASSERT_TRUE(ok_status_.ok()) << ok_status_.ToString(); \
  } while (false)

// Removed with everything in it.
class TempDir {
 public:
  TempDir() {
    std::string pattern = ::testing::TempDir() + "nsobs-timeline-XXXXXX";
    path_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
  }
  ~TempDir() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::shared_ptr<Container> MakeContainer(const std::string& name, const std::string& id) {
  auto container = std::make_shared<Container>();
  container->name = name;
  container->id = id;
  container->runtime = "podman";
  container->source = "cgroup";
  container->certain = true;
  container->cgroup_path = "/machine.slice/" + id;
  return container;
}

// A signal to `pid`, on the clock given.
inline ObservedEvent MakeEvent(const Clock& clock, uint32_t pid, ContainerRef container = nullptr) {
  ObservedEvent observed;
  observed.event.kind = EventKind::kSignal;
  observed.event.boot_ns = clock.BootNs();
  observed.event.process.pid = pid;
  observed.event.process.tid = pid;
  observed.event.process.ns_pid = 1;
  observed.event.process.comm = "sleep";
  for (NamespaceKind kind : kNamespaceKinds) {
    observed.event.process.namespaces[kind].inode = 4026531830u + static_cast<uint32_t>(kind);
  }
  observed.event.detail = Signal{.signal = 15, .result = Signal::Result::kIgnored, .sender = {}};
  observed.wall_ns = clock.WallNs();
  observed.last_wall_ns = observed.wall_ns;
  observed.container = std::move(container);
  return observed;
}

class TimelineFixture : public ::testing::Test {
 protected:
  TimelineFixture() { options_.directory = dir_.path(); }

  void Open() {
    report_ = {};
    auto opened = Timeline::Open(options_, &clock_, &report_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    timeline_ = *std::move(opened);
  }

  absl::Status WriteRow(const ObservedEvent& event, uint64_t run_id = 0) {
    const TimelineItem item = TimelineRow{run_id, event};
    return timeline_->Write({&item, 1});
  }

  std::string db_path() const { return TimelinePath(dir_.path()); }

  // Opens the reader anew, as a command does.
  std::vector<nlohmann::json> Read(const EventQuery& query = {}) {
    std::vector<nlohmann::json> events;
    auto reader = TimelineReader::Open(dir_.path());
    EXPECT_TRUE(reader.ok()) << reader.status().ToString();
    if (!reader.ok()) return events;
    const absl::Status status = (*reader)->Events(query, [&](const StoredEvent& event) {
      events.push_back(nlohmann::json::parse(event.json));
      EXPECT_EQ(events.back()["id"], event.id);
      return true;
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return events;
  }

  std::vector<uint32_t> ReadPids(const EventQuery& query = {}) {
    std::vector<uint32_t> pids;
    for (const auto& event : Read(query)) pids.push_back(event["process"]["pid"]);
    return pids;
  }

  // For what only a look at the tables can tell.
  int64_t QueryInt(const std::string& sql) {
    auto database = Database::Open(db_path(), Database::Mode::kReadOnly, absl::Seconds(1));
    if (!database.ok()) return -1;
    auto value = database->QueryInt(sql);
    EXPECT_TRUE(value.ok()) << value.status().ToString();
    return value.value_or(-1);
  }

  void Exec(const std::string& sql) {
    auto database = Database::Open(db_path(), Database::Mode::kReadWrite, absl::Seconds(1));
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    ASSERT_OK(database->Exec(sql));
  }

  std::vector<std::string> FilesLike(const std::string& part) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      const std::string name = entry.path().filename().string();
      if (name.find(part) != std::string::npos) found.push_back(name);
    }
    return found;
  }

  TempDir dir_;
  FakeClock clock_{kStartBoot, kStartWall};
  TimelineOptions options_;
  TimelineOpenReport report_;
  std::unique_ptr<Timeline> timeline_;
};

}  // namespace nsobs
