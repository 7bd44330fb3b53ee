#define _GNU_SOURCE
#include "flood.h"

#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int flood_critical(double seconds, int flags) {
  uint64_t done = 0, failed = 0;
  for (const double end = now() + seconds; now() < end;) {
    for (int i = 0; i < 100; i++) {
      if (unshare(flags) == 0) {
        done++;
      } else {
        failed++;
      }
    }
  }
  printf("unshared %llu %llu\n", (unsigned long long)done, (unsigned long long)failed);
  return 0;
}
