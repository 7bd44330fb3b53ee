#include "userspace/budget/cpu_meter.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace nsobs {
namespace {

// Burns CPU time, not wall time: a busy host makes it slower and nothing else.
void Burn(absl::Duration time) {
  timespec begin{}, now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  do {
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  } while (absl::DurationFromTimespec(now) - absl::DurationFromTimespec(begin) < time);
}

TEST(CpuMeterTest, CountsItselfAndWhatItStarted) {
  const absl::Duration before = CpuTimeOfAll();
  Burn(absl::Milliseconds(100));
  const absl::Duration own = CpuTimeOfAll() - before;
  EXPECT_GE(own, absl::Milliseconds(100));
  EXPECT_LT(own, absl::Milliseconds(300));
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {  // it and its own child burn as much, and live on
    if (const pid_t grandchild = fork(); grandchild > 0) {
      waitpid(grandchild, nullptr, 0);
    } else {
      Burn(absl::Milliseconds(200));
      _exit(0);
    }
    Burn(absl::Milliseconds(200));
    (void)!write(ready[1], "x", 1);
    while (true) pause();
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const absl::Duration living = CpuTimeOfAll() - before;
  EXPECT_GE(living, absl::Milliseconds(480));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_GE(CpuTimeOfAll() - before, absl::Milliseconds(480)) << "nothing is forgotten by its end";
  EXPECT_LT(CpuTimeOfAll() - before, absl::Seconds(2)) << "and nothing counted twice";
}

TEST(CpuMeterTest, WithoutProcItIsTheOwnTime) {
  EXPECT_GT(CpuTimeOfAll("/nonexistent"), absl::ZeroDuration());
}

}  // namespace
}  // namespace nsobs
