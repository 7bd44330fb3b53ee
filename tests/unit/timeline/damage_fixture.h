// A good file, and what must be true of the observer whatever was done to it.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {

inline std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void Spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline constexpr int kMoreRowsThanAnyFileHas = 100'000;

class DamageTest : public TimelineFixture {
 protected:
  // A closed timeline with something in every table that the observer writes.
  void MakeGoodFile() {
    Open();
    std::vector<TimelineItem> items;
    for (uint32_t i = 0; i < 40; ++i) {
      auto container = MakeContainer("c" + std::to_string(i % 7), std::to_string(i % 7));
      items.push_back(TimelineRow{0, MakeEvent(clock_, i + 1, container)});
    }
    ASSERT_OK(timeline_->Write(items));
    ASSERT_OK(timeline_->UpsertNamespaces({{.identity = {1, 1}}}));
    ASSERT_OK(timeline_->Close());
    timeline_.reset();
  }

  void RemoveAllFiles() {
    for (const std::string& name : FilesLike("timeline.db")) {
      std::filesystem::remove_all(dir_.path() + "/" + name);
    }
  }

  // Opens, writes, reads: whatever the file is, the observer must come to run.
  void ExpectUsable(const std::string& what) {
    Open();
    ASSERT_FALSE(HasFatalFailure()) << what;
    // Damage that shows only later is dealt with when it shows, and not more than once a minute.
    absl::Status status = WriteRow(MakeEvent(clock_, 4242));
    ASSERT_TRUE(status.ok()) << what << ": " << status;
    (void)timeline_->ApplyRetention();
    status = timeline_->Close();
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status)) << what << ": " << status;
    timeline_.reset();
  }

  // A reader may find it damaged, but neither crashes nor gives anything that isn't JSON.
  void ExpectReaderSurvives() {
    auto reader = TimelineReader::Open(dir_.path());
    if (!reader.ok()) return;
    int rows = 0;
    for (const EventQuery& query : {EventQuery{}, EventQuery{.container = "c3"},
                                    EventQuery{.since_wall_ns = 1, .newest_first = true}}) {
      (void)(*reader)->Events(query, [&](const StoredEvent& event) {
        EXPECT_TRUE(nlohmann::json::accept(event.json)) << event.json;
        return ++rows < kMoreRowsThanAnyFileHas;
      });
    }
    for (const bool newest_first : {false, true}) {
      (void)(*reader)->Snapshots({.newest_first = newest_first}, [&](const StoredSnapshot& row) {
        EXPECT_TRUE(nlohmann::json::accept(row.json)) << row.json;
        return ++rows < kMoreRowsThanAnyFileHas;
      });
    }
    EXPECT_LT(rows, kMoreRowsThanAnyFileHas) << "the same rows again and again";
    (void)(*reader)->Containers();
    (void)(*reader)->Namespaces();
    (void)(*reader)->LastEventId();
    (void)(*reader)->RunState();
  }
};

}  // namespace nsobs
