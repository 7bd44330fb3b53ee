// Whatever comes in whatever order: each record is a row, or counted into exactly one.
#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "tests/unit/collector/records.h"
#include "userspace/collector/coalescer.h"

namespace nsobs {
namespace {

using Books = std::map<std::pair<EventKind, int>, uint64_t>;  // by kind and epoch

class Stream {
 public:
  explicit Stream(uint32_t seed)
      : random_(seed), coalescer_({absl::Nanoseconds(1 + Pick(1000)), /*max_runs=*/1 + Pick(12)}) {}

  void Step() {
    now_ns_ += Pick(20) == 0 ? Pick(2000) : Pick(100);
    const uint64_t what = Pick(40);
    if (what == 0) {
      Flush();
    } else if (what == 1 && !rows_.empty()) {
      Drop(*rows_.begin());
    } else if (what == 2) {
      coalescer_.set_window(absl::Nanoseconds(Pick(1000)));
    } else {
      Record();
    }
  }

  void Finish() {
    now_ns_ += 1'000'000;
    Flush();
    Flush();
    EXPECT_EQ(told_, seen_);
    EXPECT_THAT(rows_, testing::IsEmpty()) << "a run that never ended";
  }

 private:
  uint64_t Pick(uint64_t below) { return random_() % below; }

  void Record() {
    const auto epoch = static_cast<uint8_t>(Pick(2));
    switch (Pick(4)) {
      case 0: {
        nsobs_signal r = SampleSignal();
        r.signal = static_cast<int32_t>(1 + Pick(5));
        return Feed(r, epoch);
      }
      case 1: {
        nsobs_connect_failure r = SampleConnectFailure();
        r.remote_port = static_cast<uint16_t>(Pick(5));
        return Feed(r, epoch);
      }
      case 2: {
        nsobs_namespace_change r = SampleNamespaceChange();
        r.error = Pick(2) == 0 ? 0 : EPERM;
        return Feed(r, epoch);
      }
      default:
        return Feed(SampleOomKill(), epoch);
    }
  }

  template <typename T>
  void Feed(T record, uint8_t epoch) {
    record.h.epoch = epoch;
    // Two rings are drained one after the other: times go back a little now and then.
    record.h.boot_ns = static_cast<uint64_t>(now_ns_ - static_cast<int64_t>(Pick(50)));
    const std::pair<EventKind, int> page = {static_cast<EventKind>(record.h.kind), epoch};
    ++seen_[page];
    uint64_t run_id = 0;
    if (coalescer_.Merge(Bytes(record), &run_id)) {
      EXPECT_EQ(run_id, 0u);
      return;
    }
    ++told_[page];
    if (run_id == 0) return;
    EXPECT_TRUE(ever_.insert(run_id).second) << "a run id came twice";
    rows_.insert(run_id);
    counts_[run_id] = {1, page.first};
  }

  void Flush() {
    RecordBatch batch;
    coalescer_.Flush(now_ns_, &batch);
    for (const RunExtension& e : batch.extensions) {
      ASSERT_TRUE(rows_.contains(e.run_id)) << "an extension without its row";
      auto& [count, kind] = counts_[e.run_id];
      EXPECT_EQ(e.kind, kind);
      EXPECT_GT(e.added[0] + e.added[1], 0u);
      count += e.added[0] + e.added[1];
      EXPECT_EQ(e.count, count);
      for (int epoch = 0; epoch < 2; ++epoch) {
        if (e.added[epoch] != 0) told_[{e.kind, epoch}] += e.added[epoch];
      }
    }
    for (uint64_t run_id : batch.ended_runs) {
      if (dropped_.contains(run_id)) continue;
      EXPECT_EQ(rows_.erase(run_id), 1u) << "ended twice, or never begun";
    }
  }

  void Drop(uint64_t run_id) {
    const std::array<uint64_t, 2> lost = coalescer_.Drop(run_id);
    for (int epoch = 0; epoch < 2; ++epoch) {
      if (lost[epoch] != 0) told_[{counts_[run_id].second, epoch}] += lost[epoch];
    }
    rows_.erase(run_id);
    dropped_.insert(run_id);
  }

  std::mt19937 random_;
  Coalescer coalescer_;
  int64_t now_ns_ = 1'000'000;
  Books seen_;
  Books told_;               // rows, extensions and drops
  std::set<uint64_t> rows_;  // of runs that may still grow
  std::set<uint64_t> ever_, dropped_;
  std::map<uint64_t, std::pair<uint64_t, EventKind>> counts_;  // by run id
};

TEST(CoalescerPropertyTest, RowsAndCountsAddUpToTheRecords) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Stream stream(seed);
    for (int i = 0; i < 1000; ++i) stream.Step();
    stream.Finish();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace nsobs
