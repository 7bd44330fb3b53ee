// bench_load [--scale PERCENT]     CPU time of each workload: "NAME<tab>NS PER OPERATION" a line
// bench_load --burst COUNT         ignored signals as fast as one CPU can: "NS OF WALL TIME"
// bench_load --flood RATE SECONDS  RATE of them a second: "COUNT<tab>NS OF WALL TIME"
//
// Pinned to CPU 0, so that the two sides of a comparison have the same caches. CPU time, not wall
// time: what other processes take away does not count.
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <cstdint>

#include "tests/bench/workloads.h"

namespace nsobs::bench {
namespace {

constexpr int kRepeats = 7;

int64_t Now(clockid_t clock) {
  timespec ts{};
  clock_gettime(clock, &ts);
  return int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

template <typename Workload>
double NsPerOperation(Workload& workload, uint64_t operations) {
  const int64_t start = Now(CLOCK_PROCESS_CPUTIME_ID);
  for (uint64_t i = 0; i < operations; ++i) workload();
  return static_cast<double>(Now(CLOCK_PROCESS_CPUTIME_ID) - start) /
         static_cast<double>(operations);
}

// The least disturbed of some repeats: interrupts and cold caches only ever add.
template <typename Workload>
void Measure(uint64_t percent) {
  const uint64_t operations = std::max<uint64_t>(Workload::kOperations * percent / 100, 100);
  Workload workload;
  NsPerOperation(workload, operations / 10);  // warms up
  double best = NsPerOperation(workload, operations);
  for (int i = 1; i < kRepeats; ++i) {
    best = std::min(best, NsPerOperation(workload, operations));
  }
  printf("%s\t%.1f\n", Workload::kName, best);
}

template <typename... Workloads>
void MeasureAll(uint64_t percent) {
  (Measure<Workloads>(percent), ...);
}

void Burst(uint64_t count) {
  IgnoredKill ignored_kill;
  const int64_t start = Now(CLOCK_MONOTONIC);
  for (uint64_t i = 0; i < count; ++i) ignored_kill();
  printf("%lld\n", static_cast<long long>(Now(CLOCK_MONOTONIC) - start));
}

// A hundred portions a second. One that comes late is made up for, so that the rate holds.
void Flood(uint64_t per_second, uint64_t seconds) {
  constexpr int64_t kPortions = 100;
  IgnoredKill ignored_kill;
  const int64_t start = Now(CLOCK_MONOTONIC);
  const uint64_t portion = per_second / kPortions;
  const auto portions = static_cast<int64_t>(seconds) * kPortions;
  for (int64_t i = 0; i < portions; ++i) {
    for (uint64_t k = 0; k < portion; ++k) ignored_kill();
    const int64_t next = start + (i + 1) * (1'000'000'000 / kPortions);
    const timespec until{next / 1'000'000'000, next % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }
  printf("%llu\t%lld\n", static_cast<unsigned long long>(portion * static_cast<uint64_t>(portions)),
         static_cast<long long>(Now(CLOCK_MONOTONIC) - start));
}

void Pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

int Main(int argc, char** argv) {
  Pin(0);
  if (argc == 3 && strcmp(argv[1], "--burst") == 0) {
    Burst(strtoull(argv[2], nullptr, 10));
  } else if (argc == 4 && strcmp(argv[1], "--flood") == 0) {
    Flood(strtoull(argv[2], nullptr, 10), strtoull(argv[3], nullptr, 10));
  } else if (argc == 1 || (argc == 3 && strcmp(argv[1], "--scale") == 0)) {
    MeasureAll<GetPid, ReadZero, RefusedConnect, IgnoredKill, HandledKill, UnshareSetns>(
        argc == 3 ? strtoull(argv[2], nullptr, 10) : 100);
  } else {
    fprintf(stderr, "usage: bench_load [--scale PERCENT | --burst COUNT | --flood RATE SECONDS]\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace nsobs::bench

int main(int argc, char** argv) { return nsobs::bench::Main(argc, argv); }
