#define _GNU_SOURCE
#include "flood.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

// To another address of the loopback and port each time, so that no two are equal. 1 if refused.
static int refused_connect(uint64_t number) {
  const struct sockaddr_in peer = {
      .sin_family = AF_INET,
      .sin_port = htons((uint16_t)(1 + number / 4000000 % 60000)),
      .sin_addr.s_addr = htonl(0x7f010000u + (uint32_t)(number % 4000000))};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int failed =
      connect(fd, (const struct sockaddr*)&peer, sizeof peer) != 0 && errno == ECONNREFUSED;
  close(fd);
  return failed;
}

// A child gets a namespace and becomes another program: 1 if it could do both.
static int unshare_and_exec(const char* self) {
  const pid_t pid = fork();
  int status = 1;
  if (pid == 0) {
    if (unshare(CLONE_NEWUTS) == 0) execl(self, self, "signals", "0", (char*)NULL);
    _exit(1);
  }
  if (pid > 0) waitpid(pid, &status, 0);
  return status == 0;
}

int flood_all(double seconds, const char* self) {
  unsigned long long connects = 0, signals = 0, refused = 0, unshares = 0, tries = 0;
  const double begin = now();
  double next = begin;
  signal(SIGHUP, SIG_IGN);
  while (now() < begin + seconds) {
    connects += (unsigned long long)refused_connect(tries++);
    for (int i = 0; i < 4; i++) signals += kill(getpid(), SIGHUP) == 0;
    // CLONE_NEWUTS with a bit that unshare() does not know.
    for (int i = 0; i < 4; i++) refused += unshare(CLONE_NEWUTS | 1) != 0 && errno == EINVAL;
    if (now() < next) continue;
    next += 0.05;
    unshares += (unsigned long long)unshare_and_exec(self);
  }
  fflush(stdout);
  printf("flooded {\"connect\": %llu, \"signal\": %llu, \"refused\": %llu, \"unshare\": %llu}\n",
         connects, signals, refused, unshares);
  return 0;
}
