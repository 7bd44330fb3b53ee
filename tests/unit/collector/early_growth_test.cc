#include "userspace/collector/early_growth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace nsobs {
namespace {

using testing::ElementsAre;

RunGrowth Of(uint64_t run, uint64_t added = 1) {
  RunGrowth growth;
  growth.run = run;
  growth.added = {added, 0};
  return growth;
}

std::vector<uint64_t> Added(const std::vector<RunGrowth>& growth) {
  std::vector<uint64_t> out;
  for (const RunGrowth& g : growth) out.push_back(g.added[0]);
  return out;
}

TEST(EarlyGrowth, WaitsAndIsTriedBeforeWhatIsNewer) {
  EarlyGrowth early(0);
  EXPECT_TRUE(early.empty());
  EXPECT_THAT(Added(early.TakeWith({Of(7, 1), Of(8, 2)})), ElementsAre(1, 2));
  EXPECT_TRUE(early.Keep(Of(7, 1)));
  EXPECT_FALSE(early.empty());
  EXPECT_THAT(Added(early.TakeWith({Of(7, 3)})), ElementsAre(1, 3));
  EXPECT_TRUE(early.empty());
}

TEST(EarlyGrowth, WithoutPatienceWaitsForEver) {
  EarlyGrowth early(0);
  for (int look = 0; look < 10'000; ++look) {
    early.TakeWith({});
    ASSERT_TRUE(early.Keep(Of(7)));
  }
}

TEST(EarlyGrowth, IsGivenUpAfterSoManyLooksThatItsOwnRunWaited) {
  EarlyGrowth early(3);
  for (int look = 0; look < 3; ++look) {
    early.TakeWith({});
    EXPECT_TRUE(early.Keep(Of(7, 1))) << look;
    EXPECT_TRUE(early.Keep(Of(7, 2))) << "a second growth of it is of the same look";
  }
  EXPECT_THAT(Added(early.TakeWith({Of(8)})), testing::SizeIs(3));
  EXPECT_FALSE(early.Keep(Of(7)));
  EXPECT_FALSE(early.Keep(Of(7))) << "all of it";
  EXPECT_TRUE(early.Keep(Of(8)));
}

// In a flood some run is early at each look, but each for a moment only.
TEST(EarlyGrowth, ThatSomeRunIsAlwaysEarlyIsNoReasonToGiveUp) {
  EarlyGrowth early(3);
  for (uint64_t run = 0; run < 1000; ++run) {
    early.TakeWith({Of(run)});
    ASSERT_TRUE(early.Keep(Of(run)));
  }
}

TEST(EarlyGrowth, ARunWhoseRecordCameIsCountedAnew) {
  EarlyGrowth early(2);
  for (int time = 0; time < 5; ++time) {
    early.TakeWith({});
    ASSERT_TRUE(early.Keep(Of(7)));
    early.TakeWith({});  // not kept: it came
  }
}

}  // namespace
}  // namespace nsobs
