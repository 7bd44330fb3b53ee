// The power goes at a call to the disk. synchronous=NORMAL promises that the file is whole and that
// what was synced is there: everything up to the last checkpoint. NSOBS_POWER_LOSSES (300) of them,
// NSOBS_POWER_LOSSES_SEED.
#include "tests/unit/timeline/power_loss.h"

#include <iostream>

#include "tests/unit/timeline/story_fixture.h"

namespace nsobs {
namespace {

class PowerLossTest : public StoryTest {
 protected:
  void LoseAt(int call, std::mt19937* random) {
    SCOPED_TRACE("call " + std::to_string(call) + ", from batch " + std::to_string(next_));
    PowerLoss loss(call);
    Story::Told told{.batch = next_ - 1};
    uint32_t synced = next_ - 1;  // what the test itself writes in between is never taken away
    bool beat = next_ > 1;
    {
      FaultyVfs vfs(&loss);
      int syncs = 0;
      Story story(dir_.path(), next_, 0, [&](const Story::Told& one) {
        // A checkpoint syncs the log with this batch, or with the one before it.
        if (loss.log_syncs() > syncs) synced = told.batch;
        if (one.closed && !loss.lost()) synced = one.batch;
        syncs = loss.log_syncs();
        told = one;
        beat = true;
      });
      (void)story.Tell();
      story.Abandon();
    }
    lost_ += loss.lost() ? 1 : 0;
    calls_ = loss.calls();
    loss.MakeTrue(random);
    if (synced == 0) beat = false;
    uint32_t next = next_;
    ASSERT_NO_FATAL_FAILURE(
        ExpectWhole({.from = synced, .to = told.batch + 1, .gap = beat}, &next));
    not_there_ += next <= told.batch ? 1 : 0;
    next_ = next;
  }

  uint32_t next_ = 1;
  int lost_ = 0;
  int calls_ = 0;      // that the last story made
  int not_there_ = 0;  // losses with which acknowledged batches went
};

TEST_F(PowerLossTest, TheFileIsWholeAndWhatWasSyncedIsThere) {
  std::mt19937 random(
      static_cast<uint32_t>(CountFromEnvironment("NSOBS_POWER_LOSSES_SEED", 20261126)));
  const int losses = CountFromEnvironment("NSOBS_POWER_LOSSES", 300);
  ASSERT_NO_FATAL_FAILURE(LoseAt(-1, &random));
  const int calls = calls_;
  for (int i = 0; lost_ < losses; ++i) {
    if (i % 6 == 0) {
      std::filesystem::remove_all(dir_.path());
      next_ = 1;
    }
    SCOPED_TRACE("loss " + std::to_string(i));
    // The making of the file, call by call; then anywhere.
    const int call = i < 600 && i % 6 == 0 ? 1 + i / 6 : 1 + static_cast<int>(random() % calls);
    ASSERT_NO_FATAL_FAILURE(LoseAt(call, &random));
  }
  EXPECT_GT(not_there_, 0) << "nothing that was not synced was ever lost";
  std::cout << lost_ << " losses of power among " << calls << " calls; with " << not_there_
            << " of them batches went that no checkpoint had\n";
}

}  // namespace
}  // namespace nsobs
