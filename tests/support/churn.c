/*
 * churn CYCLES SECONDS PREFIX [CGROUP...]: makes and ends owners of namespaces, one after the other
 * and as fast as it goes, so that inodes and pids come around again. What each raises tells whose
 * it is: a unix connect to PREFIX/CYCLE/HOW that fails. Ends after CYCLES or SECONDS, and prints
 * what it did as one line of JSON.
 *
 * HOW is  own      a process that ran unshare(), or was made by clone(), with comm "cyCYCLE"
 *         cgroup   the same in a cgroup of its own below each CGROUP: docker-<CYCLE in 64
 * hex>.scope enter    another process, called "enter", that entered by setns() while the owner
 * waited
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KINDS 5
static const char* const kind_name[KINDS] = {"uts", "ipc", "pid", "mnt", "net"};
static const int kind_flag[KINDS] = {CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNS,
                                     CLONE_NEWNET};

#define FIRST_INODE 0xf0000000u /* PROC_DYNAMIC_FIRST of fs/proc/generic.c */
#define INODES (1u << 20)
#define PIDS (1u << 22)

static uint8_t seen_inode[KINDS][INODES / 8];
static uint8_t seen_pid[PIDS / 8];
static unsigned long reused_inodes[KINDS], made[KINDS], reused_pids;
static unsigned long owners, in_cgroup, entered, failed;

static const char* prefix;
static char** cgroups;

/* Written by the child. */
static struct {
  unsigned int inode[KINDS];
  int error;
}* told;

static int mark(uint8_t* bits, unsigned int index, unsigned int size) {
  int was;

  if (index >= size) return 0;
  was = bits[index / 8] >> index % 8 & 1;
  bits[index / 8] |= 1u << index % 8;
  return was;
}

/* Cheap kinds mostly; net namespaces are costly, and torn down long after their end. */
static int flags_of(unsigned long cycle) {
  if (cycle % 64 == 7) return CLONE_NEWNET | CLONE_NEWUTS;
  switch (cycle % 5) {
    case 0:
      return CLONE_NEWUTS;
    case 1:
      return CLONE_NEWIPC;
    case 2:
      return CLONE_NEWUTS | CLONE_NEWIPC;
    case 3:
      return cycle % 3 ? CLONE_NEWUTS : CLONE_NEWPID | CLONE_NEWIPC;
    default:
      return cycle % 4 ? CLONE_NEWIPC : CLONE_NEWNS | CLONE_NEWUTS;
  }
}

static int fail_to_connect(unsigned long cycle, const char* how) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  snprintf(address.sun_path, sizeof(address.sun_path), "%s/%lu/%s", prefix, cycle, how);
  if (connect(fd, (struct sockaddr*)&address, sizeof(address)) == 0) return -1;
  close(fd);
  return errno == ENOENT ? 0 : -1;
}

static void tell_inodes(int flags) {
  char path[64];
  struct stat st;
  int i;

  for (i = 0; i < KINDS; i++) {
    told->inode[i] = 0;
    if (!(flags & kind_flag[i])) continue;
    snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", kind_name[i]);
    if (kind_flag[i] == CLONE_NEWPID)
      continue; /* /proc is the host's: not to be seen from inside */
    if (stat(path, &st) == 0) told->inode[i] = st.st_ino;
  }
}

static void count_inodes(void) {
  int i;

  for (i = 0; i < KINDS; i++) {
    if (!told->inode[i]) continue;
    made[i]++;
    reused_inodes[i] += mark(seen_inode[i], told->inode[i] - FIRST_INODE, INODES);
  }
}

static void scope_of(char* out, size_t size, const char* cgroup, unsigned long cycle) {
  snprintf(out, size, "%s/docker-%064lx.scope", cgroup, cycle);
}

static int write_pid(const char* cgroup, pid_t pid) {
  char path[512], text[16];
  int fd, ok;

  snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
  fd = open(path, O_WRONLY | O_CLOEXEC);
  ok = write(fd, text, snprintf(text, sizeof(text), "%d", pid)) > 0;
  close(fd);
  return ok;
}

static void join_cgroups(unsigned long cycle) {
  char path[400];
  char** c;

  for (c = cgroups; *c; c++) {
    scope_of(path, sizeof(path), *c, cycle);
    if (mkdir(path, 0755) != 0 || !write_pid(path, 0)) told->error = errno;
  }
}

static void remove_cgroups(unsigned long cycle) {
  char path[400];
  char** c;
  int tries;

  for (c = cgroups; *c; c++) {
    scope_of(path, sizeof(path), *c, cycle);
    for (tries = 0; rmdir(path) != 0 && errno == EBUSY && tries < 100; tries++) usleep(1000);
  }
}

/* In the child: becomes the owner of new namespaces, says so, and lives until `go` is closed. */
static void be_owner(unsigned long cycle, int flags, int with_cgroup, int ready, int go) {
  char name[32], byte = 0;

  snprintf(name, sizeof(name), "cy%lu", cycle);
  prctl(PR_SET_NAME, name);
  if (with_cgroup) join_cgroups(cycle);
  if (flags && unshare(flags) != 0) told->error = errno;
  if (fail_to_connect(cycle, with_cgroup ? "cgroup" : "own") != 0) told->error = EIO;
  if (ready >= 0) {
    (void)!write(ready, &byte, 1);
    (void)!read(go, &byte, 1);
  }
  _exit(0);
}

static void enter(unsigned long cycle, pid_t owner, int flags) {
  pid_t pid = fork();
  char path[64];
  int i, fd;

  if (pid != 0) {
    waitpid(pid, NULL, 0);
    return;
  }
  prctl(PR_SET_NAME, "enter");
  for (i = 0; i < KINDS; i++) {
    if (!(flags & kind_flag[i] & (CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET))) continue;
    snprintf(path, sizeof(path), "/proc/%d/ns/%s", owner, kind_name[i]);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (setns(fd, kind_flag[i]) != 0) told->error = errno;
  }
  if (fail_to_connect(cycle, "enter") != 0) told->error = EIO;
  _exit(0);
}

static void one_cycle(unsigned long cycle) {
  int flags = flags_of(cycle);
  int with_cgroup = cycle % 16 == 3 && cgroups[0];
  int with_entry = cycle % 8 == 5 && !(flags & (CLONE_NEWPID | CLONE_NEWNS));
  int by_clone = (cycle / 5) % 2 || flags & CLONE_NEWPID;
  int ready[2] = {-1, -1}, go[2] = {-1, -1};
  char name[32], byte;
  pid_t pid;

  if (with_entry && (pipe2(ready, O_CLOEXEC) || pipe2(go, O_CLOEXEC))) abort();
  snprintf(name, sizeof(name), "cy%lu", cycle);
  prctl(PR_SET_NAME, name); /* of the child made by clone(), from its birth */
  told->error = 0;
  pid = by_clone ? syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0) : fork();
  if (pid == 0) {
    if (with_entry) close(go[1]); /* else nobody's close() would end its wait */
    if (by_clone) tell_inodes(flags);
    be_owner(cycle, by_clone ? 0 : flags, with_cgroup, ready[1], go[0]);
  }
  prctl(PR_SET_NAME, "churn");
  if (pid < 0) {
    failed++;
    return;
  }
  if (with_entry) {
    close(ready[1]);
    close(go[0]);
    if (read(ready[0], &byte, 1) == 1) enter(cycle, pid, flags);
    close(go[1]);
    close(ready[0]);
    entered++;
  }
  waitpid(pid, NULL, 0);
  if (with_cgroup) remove_cgroups(cycle);
  if (told->error) failed++;
  if (by_clone) count_inodes();
  owners++;
  in_cgroup += with_cgroup;
  reused_pids += mark(seen_pid, pid, PIDS);
}

static time_t now(void) {
  struct timespec ts;

  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec;
}

int main(int argc, char** argv) {
  unsigned long cycles, cycle;
  time_t end;
  int i;

  if (argc < 4) return 2;
  cycles = strtoul(argv[1], NULL, 10);
  end = now() + strtol(argv[2], NULL, 10);
  prefix = argv[3];
  cgroups = argv + 4;
  told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (cycle = 0; cycle < cycles && now() < end; cycle++) one_cycle(cycle);
  printf(
      "{\"owners\": %lu, \"in_cgroup\": %lu, \"entered\": %lu, \"failed\": %lu, \"reused_pids\": "
      "%lu",
      owners, in_cgroup, entered, failed, reused_pids);
  for (i = 0; i < KINDS; i++) {
    if (made[i])
      printf(", \"%s\": {\"made\": %lu, \"reused\": %lu}", kind_name[i], made[i], reused_inodes[i]);
  }
  puts("}");
  return 0;
}
