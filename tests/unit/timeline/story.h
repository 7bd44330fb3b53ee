// A short life of a timeline that makes every call of SQLite's to the disk: it is opened (and made,
// the first time), written to, emptied of what is old, its log is checkpointed, it is closed. What
// is in each batch follows from the batch's number, so that what must be there can be told from
// outside: the clock goes on by ten seconds with each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/unit/timeline/timeline_fixture.h"

namespace nsobs {

inline constexpr uint32_t kRowsPerBatch = 4;
inline constexpr int64_t kBatchNs = 10 * kSecond;
inline constexpr uint32_t kStoryBatches = 16;
inline constexpr uint32_t kBatchesKept = 12;  // younger ones are never removed

// Small enough that the log is checkpointed several times.
TimelineOptions StoryOptions(const std::string& directory);

class Story {
 public:
  struct Told {
    uint32_t batch = 0;    // the last that was acknowledged
    int64_t snapshot = 0;  // id of the last that was
    bool closed = false;   // the last that was told
  };

  // Of batches first, first + 1, ... `told` is called after each success. A call that fails is made
  // again up to `retries` times; its error goes to errors().
  Story(std::string directory, uint32_t first, int retries, std::function<void(const Told&)> told);

  // Open, write, close. The error that retries did not help against.
  absl::Status Tell();

  // As a crash.
  void Abandon() { timeline_.reset(); }

  const std::vector<absl::Status>& errors() const { return errors_; }
  const std::vector<std::string>& notes() const { return notes_; }  // of the openings, too
  const std::vector<std::string>& gaps() const { return gaps_; }    // causes of those reported

 private:
  absl::Status Retry(const std::function<absl::Status()>& call);
  absl::Status Open();
  absl::Status WriteBatch(uint32_t batch);
  absl::Status Look(uint32_t batch);
  absl::Status KeepHouse(uint32_t batch);

  const std::string directory_;
  const uint32_t first_;
  const int retries_;
  const std::function<void(const Told&)> told_;
  FakeClock clock_;
  TimelineOpenReport report_;
  std::unique_ptr<Timeline> timeline_;
  Told last_;
  std::vector<absl::Status> errors_;
  std::vector<std::string> notes_;
  std::vector<std::string> gaps_;
};

// When the story's batch is written.
inline int64_t BatchWallNs(uint32_t batch) { return kStartWall + batch * kBatchNs; }

}  // namespace nsobs
