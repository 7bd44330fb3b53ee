// Each call of SQLite's to the disk fails once, in each of its ways: EIO, ENOSPC, a short write.
// CI takes the first calls of each sort on each file and some of the rest;
// NSOBS_FAULT_POINTS=0 is all of them.
#include <iostream>
#include <set>

#include "tests/unit/timeline/story_fixture.h"

namespace nsobs {
namespace {

std::vector<VfsFate> WaysToFail(VfsCall call) {
  switch (call) {
    case VfsCall::kOpen:
      return {{VfsFate::kFail, SQLITE_CANTOPEN}, {VfsFate::kFail, SQLITE_IOERR}};
    case VfsCall::kDelete:
      return {{VfsFate::kFail, SQLITE_IOERR_DELETE}};
    case VfsCall::kAccess:
      return {{VfsFate::kFail, SQLITE_IOERR_ACCESS}};
    case VfsCall::kRead:
      return {{VfsFate::kFail, SQLITE_IOERR_READ}};
    case VfsCall::kWrite:
      return {{VfsFate::kFail, SQLITE_FULL},
              {VfsFate::kFail, SQLITE_IOERR_WRITE},
              {VfsFate::kShort, SQLITE_FULL}};
    case VfsCall::kTruncate:
      return {{VfsFate::kFail, SQLITE_IOERR_TRUNCATE}};
    case VfsCall::kSync:
      return {{VfsFate::kFail, SQLITE_IOERR_FSYNC}, {VfsFate::kFail, SQLITE_FULL}};
    case VfsCall::kFileSize:
      return {{VfsFate::kFail, SQLITE_IOERR_FSTAT}};
    case VfsCall::kLock:
      return {{VfsFate::kFail, SQLITE_IOERR_LOCK}, {VfsFate::kFail, SQLITE_BUSY}};
    case VfsCall::kCheckLock:
      return {{VfsFate::kFail, SQLITE_IOERR_CHECKRESERVEDLOCK}};
    case VfsCall::kShmMap:
      return {{VfsFate::kFail, SQLITE_IOERR_SHMMAP}, {VfsFate::kFail, SQLITE_FULL}};
    case VfsCall::kShmLock:
      return {{VfsFate::kFail, SQLITE_IOERR_SHMLOCK}};
    case VfsCall::kClose:
    case VfsCall::kUnlock:
    case VfsCall::kShmUnlock:
    case VfsCall::kShmUnmap:
    case VfsCall::kShmBarrier:
      return {};  // can't fail, or nobody could do anything about it
  }
  return {};
}

class FaultPointsTest : public StoryTest {
 protected:
  // Two lives of one storage, the second of which has the fault if `first_start` is false.
  void FailAt(const VfsPoint& point, bool first_start) {
    SCOPED_TRACE(point.Name() + (first_start ? ", first start" : ", later"));
    std::filesystem::remove_all(dir_.path());
    PointHook pass({VfsCall::kWrite, "", -1, {}}, /*syncs=*/false);
    if (!first_start) Live(&pass, 1);
    PointHook hook(point, /*syncs=*/false);
    const uint32_t first = first_start ? 1 : 1 + kStoryBatches;
    Live(&hook, first);
    reached_ += hook.reached() ? 1 : 0;
    uint32_t next = 0;
    const uint32_t last = first + kStoryBatches - 1;
    ASSERT_NO_FATAL_FAILURE(ExpectWhole({last, last, snapshot_, true}, &next));
  }

  void Live(VfsHook* hook, uint32_t first) {
    FaultyVfs vfs(hook);
    Story story(dir_.path(), first, /*retries=*/1,
                [this](const Story::Told& told) { snapshot_ = told.snapshot; });
    ASSERT_OK(story.Tell());
    EXPECT_THAT(story.notes(), ::testing::IsEmpty()) << "a fault that passes is no damage";
    for (const absl::Status& error : story.errors()) {
      EXPECT_FALSE(absl::IsDataLoss(error)) << error;
    }
    told_ += story.errors().empty() ? 0 : 1;
  }

  int reached_ = 0;
  int told_ = 0;  // faults that the caller heard of; the others SQLite could do without the call
  int64_t snapshot_ = 0;
};

TEST_F(FaultPointsTest, EachCallFailsOnce) {
  const int some = CountFromEnvironment("NSOBS_FAULT_POINTS", 4);
  int points = 0;
  for (const bool first_start : {true, false}) {
    std::filesystem::remove_all(dir_.path());
    CountingHook counting;
    if (!first_start) {
      Live(&counting, 1);
      counting.counts.clear();
    }
    Live(&counting, first_start ? 1 : 1 + kStoryBatches);
    for (const auto& [call, count] : counting.counts) {
      for (int number = 1; number <= count;) {
        for (const VfsFate& fate : WaysToFail(call.first)) {
          ASSERT_NO_FATAL_FAILURE(FailAt({call.first, call.second, number, fate}, first_start));
          ASSERT_FALSE(HasFailure());
          ++points;
        }
        number += some == 0 || number < some ? 1 : std::max(1, count / some);
      }
    }
  }
  EXPECT_EQ(reached_, points);
  std::cout << points << " faults, " << told_ << " of them told to the caller\n";
}

}  // namespace
}  // namespace nsobs
