// What was acknowledged is there after a kill -9, whenever it comes.
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "tests/unit/timeline/timeline_fixture.h"
#include "userspace/base/fd.h"

namespace nsobs {
namespace {

constexpr int kKills = 25;
constexpr uint32_t kBatch = 20;

// Writes rows with the pids first, first + 1, ... and tells the last of each committed batch.
[[noreturn]] void WriteUntilKilled(const TimelineOptions& options, uint32_t first, int out) {
  SystemClock clock;
  TimelineOpenReport report;
  auto timeline = Timeline::Open(options, &clock, &report);
  if (!timeline.ok()) _exit(3);
  if (first > 1 && (!report.gap.has_value() || report.gap->cause != "crashed")) _exit(4);
  if (!report.notes.empty()) _exit(5);
  for (uint32_t next = first;; next += kBatch) {
    std::vector<TimelineItem> items;
    for (uint32_t i = 0; i < kBatch; ++i) {
      items.push_back(TimelineRow{0, MakeEvent(clock, next + i)});
    }
    const uint32_t last = next + kBatch - 1;
    if (!(*timeline)->Write(items).ok()) _exit(6);
    if (write(out, &last, sizeof last) != sizeof last) _exit(7);
    // Checkpoints and deletions are moments to be killed in, too.
    if (last % 200 == 0 && !(*timeline)->ApplyRetention().ok()) _exit(8);
  }
}

// The largest number that came through the pipe before its other end was closed.
uint32_t LastTold(int in, uint32_t before) {
  uint32_t last = before;
  for (uint32_t told = 0; read(in, &told, sizeof told) == sizeof told;) last = told;
  return last;
}

class KillTest : public TimelineFixture {
 protected:
  // Kills the writer `delay_us` after its first committed batch.
  void WriteAndKill(uint32_t first, unsigned delay_us, uint32_t* acknowledged) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    UniqueFd in(ends[0]);
    UniqueFd out(ends[1]);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      in.reset();
      WriteUntilKilled(options_, first, out.get());
    }
    out.reset();
    pollfd ready{.fd = in.get(), .events = POLLIN, .revents = 0};
    poll(&ready, 1, 20'000);
    usleep(delay_us);  // not a wait for something: the moment of death is what is varied
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);
    *acknowledged = LastTold(in.get(), first - 1);
  }
};

TEST_F(KillTest, NothingAcknowledgedIsLost) {
  options_.retention_bytes = 8 << 20;  // deletions happen, too
  std::mt19937 random(20261123);
  std::uniform_int_distribution<unsigned> delay_us(0, 60'000);
  uint32_t first = 1;
  for (int kill = 0; kill < kKills; ++kill) {
    uint32_t acknowledged = 0;
    WriteAndKill(first, delay_us(random), &acknowledged);
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_GE(acknowledged, first) << "killed before the first batch";
    const std::vector<uint32_t> pids = ReadPids();
    ASSERT_FALSE(pids.empty());
    ASSERT_GE(pids.back(), acknowledged);
    // One batch may have been committed without having been told; none is there in part or twice,
    // and retention takes the oldest only.
    ASSERT_LE(pids.back(), acknowledged + kBatch);
    ASSERT_EQ(pids.back() % kBatch, 0u);
    for (size_t i = 0; i < pids.size(); ++i) ASSERT_EQ(pids[i], pids[0] + i);
    first = pids.back() + 1;
  }
}

}  // namespace
}  // namespace nsobs
