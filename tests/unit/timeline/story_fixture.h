// Where a story is told up to a point of its choice, and what must be true of the file afterwards.
#pragma once

#include <stdlib.h>

#include <map>
#include <random>
#include <string>
#include <utility>

#include "tests/unit/timeline/faulty_vfs.h"
#include "tests/unit/timeline/story.h"

namespace nsobs {

// How many calls of each sort a story makes of each file.
using VfsCounts = std::map<std::pair<VfsCall, std::string>, int>;

class CountingHook : public VfsHook {
 public:
  VfsFate Fate(const VfsOp& op) override {
    ++counts[{op.call, std::string(op.suffix())}];
    return {};
  }
  VfsCounts counts;
};

// The number-th call of one sort on one file.
struct VfsPoint {
  VfsCall call = VfsCall::kWrite;
  std::string suffix;
  int number = 1;
  VfsFate fate;

  std::string Name() const {
    constexpr const char* kKinds[] = {
        "", "skipped", "failed", "short", "killed before", "killed in", "killed after"};
    return std::string(VfsCallName(call)) + " " + std::to_string(number) + " of db" + suffix + " " +
           kKinds[fate.kind] + " " + std::to_string(fate.code);
  }
};

class PointHook : public VfsHook {
 public:
  PointHook(VfsPoint point, bool syncs) : point_(std::move(point)), syncs_(syncs) {}
  VfsFate Fate(const VfsOp& op) override {
    const bool ours = op.call == point_.call && op.suffix() == point_.suffix;
    if (ours && ++seen_ == point_.number) return point_.fate;
    // What a process wrote outlives it without having been synced.
    if (op.call == VfsCall::kSync && !syncs_) return {VfsFate::kSkip};
    return {};
  }
  bool reached() const { return seen_ >= point_.number; }

 private:
  const VfsPoint point_;
  const bool syncs_;
  int seen_ = 0;
};

// A long form has its count from the environment.
inline int CountFromEnvironment(const char* name, int otherwise) {
  const char* text = getenv(name);
  return text != nullptr ? atoi(text) : otherwise;
}

class StoryTest : public TimelineFixture {
 protected:
  // Batches from..to can be there at the end: `from` was promised, `to` was begun.
  struct Expected {
    uint32_t from = 0;
    uint32_t to = 0;
    int64_t snapshot = 0;
    bool gap = true;
  };

  void TearDown() override { timeline_.reset(); }

  // Opens the file as the next run does; where the story can go on.
  void ExpectWhole(const Expected& expected, uint32_t* next) {
    options_ = StoryOptions(dir_.path());
    clock_.AdvanceNs(BatchWallNs(expected.to + 1) - clock_.WallNs());
    Open();
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_THAT(report_.notes, ::testing::IsEmpty()) << "set aside";
    ASSERT_NO_FATAL_FAILURE(ExpectRows(expected, next));
    if (expected.snapshot != 0) {
      const std::string id = std::to_string(expected.snapshot);
      EXPECT_EQ(QueryInt("SELECT count(*) FROM snapshots WHERE id = " + id), 1);
    }
    EXPECT_EQ(QueryInt("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
              1);
    ASSERT_NO_FATAL_FAILURE(ExpectGap(expected));
    timeline_.reset();
  }

 private:
  static constexpr uint32_t kNoneOfItsPids = 1u << 31;

  void ExpectRows(const Expected& expected, uint32_t* next) {
    std::vector<uint32_t> pids = ReadPids({.kinds = {EventKind::kSignal}});
    std::erase(pids, kNoneOfItsPids);
    if (pids.empty()) {
      ASSERT_EQ(expected.from, 0u) << "all is gone";
      *next = 1;
      return;
    }
    for (size_t i = 0; i < pids.size(); ++i) ASSERT_EQ(pids[i], pids[0] + i);
    const uint32_t last = pids.back() / kRowsPerBatch - 1;
    ASSERT_EQ(pids.back() % kRowsPerBatch, 0u) << "a part of a batch";
    ASSERT_GE(last, expected.from);
    ASSERT_LE(last, expected.to);
    const uint32_t oldest = last > kBatchesKept ? last - kBatchesKept : 1;
    ASSERT_LE(pids[0], oldest * kRowsPerBatch + 1) << "retention took what was young";
    *next = last + 1;
  }

  // It is told, and once it is written, it is there: recording works.
  void ExpectGap(const Expected& expected) {
    if (!report_.gap) {
      ASSERT_FALSE(expected.gap);
      ASSERT_OK(WriteRow(MakeEvent(clock_, kNoneOfItsPids)));
      return;
    }
    EXPECT_GE(report_.gap->from_wall_ns, expected.from == 0 ? 0 : BatchWallNs(expected.from));
    EXPECT_EQ(report_.gap->to_wall_ns, clock_.WallNs());
    ObservedEvent gap = MakeEvent(clock_, 0);
    gap.event.kind = EventKind::kGap;
    gap.event.detail = *report_.gap;
    ASSERT_OK(WriteRow(gap));
    const auto gaps = Read({.kinds = {EventKind::kGap}});
    ASSERT_FALSE(gaps.empty());
    EXPECT_EQ(gaps.back()["gap"]["to"], FormatRfc3339(clock_.WallNs())) << gaps.back();
  }

  PointHook no_syncs_{{VfsCall::kWrite, "", -1, {}}, /*syncs=*/false};
  FaultyVfs vfs_{&no_syncs_};
};

}  // namespace nsobs
