// kill -9 exactly at a call of SQLite's to the disk: before it, in the middle of a write, after it.
// Of each sort of call, each file, the first, the middle and the last, and then at random:
// NSOBS_KILL_POINTS (500), NSOBS_KILL_POINTS_SEED.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "tests/unit/timeline/story_fixture.h"
#include "userspace/base/fd.h"

namespace nsobs {
namespace {

constexpr int kLinks = 8;  // kills in one storage, before it begins anew

enum Exit { kReachedNothing = 0, kFailed = 3, kNotes = 4, kNoGap = 5, kPipe = 6 };

[[noreturn]] void TellUntilKilled(const std::string& directory, uint32_t first,
                                  const VfsPoint& point, int out) {
  PointHook hook(point, /*syncs=*/false);
  FaultyVfs vfs(&hook);
  Story story(directory, first, /*retries=*/0, [&](const Story::Told& told) {
    if (write(out, &told, sizeof told) != sizeof told) _exit(kPipe);
  });
  const absl::Status status = story.Tell();
  if (!status.ok()) {
    std::cerr << status << "\n";
    _exit(kFailed);
  }
  if (!story.notes().empty()) _exit(kNotes);
  _exit(first > 1 && story.gaps().empty() ? kNoGap : kReachedNothing);
}

class KillPointsTest : public StoryTest {
 protected:
  void CountCalls() {
    for (VfsCounts* counts : {&fresh_, &later_}) {
      CountingHook hook;
      FaultyVfs vfs(&hook);
      Story story(dir_.path(), counts == &fresh_ ? 1 : 1 + kStoryBatches, 0, [](auto&) {});
      ASSERT_OK(story.Tell());
      *counts = hook.counts;
    }
    BeginAnew();
  }

  void BeginAnew() {
    std::filesystem::remove_all(dir_.path());
    next_ = 1;
    links_ = 0;
    beat_ = false;
  }

  // One kill in the storage as it is, and the run after it.
  void KillAt(const VfsPoint& point) {
    SCOPED_TRACE(point.Name() + ", from batch " + std::to_string(next_) + ", kill " +
                 std::to_string(killed_ + missed_));
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    UniqueFd in(ends[0]);
    UniqueFd out(ends[1]);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) TellUntilKilled(dir_.path(), next_, point, out.get());
    out.reset();
    Story::Told told{.batch = next_ - 1};
    bool any = false;
    for (Story::Told one; read(in.get(), &one, sizeof one) == sizeof one; any = true) told = one;
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
      ASSERT_EQ(WEXITSTATUS(status), kReachedNothing);
      ++missed_;
    } else {
      ASSERT_EQ(WTERMSIG(status), SIGKILL);
      ++killed_;
      points_.insert({point.call, point.suffix});
    }
    beat_ = beat_ || any;
    ASSERT_NO_FATAL_FAILURE(
        ExpectWhole({told.batch, told.batch + 1, told.snapshot, beat_}, &next_));
    beat_ = true;
    if (++links_ == kLinks) BeginAnew();
  }

  // Before, after, and of a write in the middle.
  void KillAround(VfsPoint point) {
    for (const auto kind : {VfsFate::kKillBefore, VfsFate::kKillHalf, VfsFate::kKillAfter}) {
      if (kind == VfsFate::kKillHalf && point.call != VfsCall::kWrite) continue;
      point.fate.kind = kind;
      ASSERT_NO_FATAL_FAILURE(KillAt(point));
    }
  }

  void KillAtRandom(std::mt19937* random) {
    const VfsCounts& counts = links_ == 0 ? fresh_ : later_;
    auto at = counts.begin();
    std::advance(at, (*random)() % counts.size());
    const auto kind = static_cast<VfsFate::Kind>(VfsFate::kKillBefore + (*random)() % 3);
    const bool half = kind == VfsFate::kKillHalf && at->first.first != VfsCall::kWrite;
    KillAt({at->first.first,
            at->first.second,
            1 + static_cast<int>((*random)() % at->second),
            {half ? VfsFate::kKillAfter : kind}});
  }

  VfsCounts fresh_;  // of the first start
  VfsCounts later_;
  uint32_t next_ = 1;
  int links_ = 0;
  bool beat_ = false;  // a heartbeat was acknowledged in this storage
  int killed_ = 0;
  int missed_ = 0;  // the story ended before it came to that call
  std::set<std::pair<VfsCall, std::string>> points_;
};

TEST_F(KillPointsTest, NothingAcknowledgedIsLostAndTheGapIsTold) {
  ASSERT_NO_FATAL_FAILURE(CountCalls());
  for (const bool first_start : {true, false}) {
    for (const auto& [call, count] : first_start ? fresh_ : later_) {
      for (const int number : std::set<int>{1, (1 + count) / 2, count}) {
        if (first_start) BeginAnew();
        ASSERT_NO_FATAL_FAILURE(KillAround({call.first, call.second, number, {}}));
      }
    }
  }
  for (const auto& [call, count] : fresh_) {
    EXPECT_TRUE(points_.contains(call)) << VfsCallName(call.first) << call.second;
  }
  std::mt19937 random(
      static_cast<uint32_t>(CountFromEnvironment("NSOBS_KILL_POINTS_SEED", 20261126)));
  const int points = CountFromEnvironment("NSOBS_KILL_POINTS", 500);
  while (killed_ < points) ASSERT_NO_FATAL_FAILURE(KillAtRandom(&random));
  std::cout << killed_ << " killed at calls of " << points_.size() << " sorts, " << missed_
            << " ended before\n";
}

}  // namespace
}  // namespace nsobs
