// What hostile containers of the gauntlet run, and the innocent one. Linked statically.
//
//   attacker stand PORT        for each byte on standard input a refused connect to PORT, and a
//   byte back attacker innocent PORT     the same, and each time a child makes a user namespace and
//   one ends by SIGKILL attacker fuse FOLDER MODE  mounts a FUSE filesystem there, says "mounted",
//   and serves it as MODE says:
//                              init, lookup, getattr, open, read, statfs: that request is never
//                              answered; drip: each answer takes 1 s; die: the server ends at the
//                              first lookup
//   attacker overlay FUSE AT   mounts an overlay at AT whose lower folder is FUSE
//   attacker exchange A B      swaps two names for ever
//   attacker swing LINK A B    makes LINK lead to A and to B in turn, for ever
//   attacker grow FILE         writes for ever, up to 64 MiB, then from the beginning
//   attacker names FOLDER      files with every byte in their names
//   attacker mounts FOLDER N   N tmpfs mounts below
//   attacker remount FOLDER    mounts and unmounts for ever
//   attacker comm HEX          names itself so and stands still
//   attacker forks N           children that end at once, one after the other; -1: for ever
//   attacker crowd N           children that stay
//   attacker threads N         threads that stay, after the first has ended
//   attacker nest N            a pid namespace in a pid namespace .. and a process that stays in
//   each attacker spaces FLAGS N    unshare(FLAGS) N times, each in a child that ends attacker keep
//   FLAGS N      the same, and they stay attacker listen N          N listening sockets attacker
//   abstract N        N abstract unix sockets with bytes in their names attacker refused N N
//   refused connects to addresses that all differ attacker signals N         N ignored signals to
//   itself attacker execs N           N programs with arguments of 100 KiB attacker queries ADDRESS
//   DNS queries with hostile names, to where nobody listens attacker ptraced           a child that
//   its tracer keeps stopped attacker vfork             a parent that waits in vfork for ever
//   attacker cgroups FOLDER N  cgroups below
//   attacker flood SECONDS     events of all sorts without a pause (flood.h)
//   attacker unshares SECONDS FLAGS   unshare() without a pause (flood.h)
//   attacker race PORT N       connects whose address changes under them (race.h)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flood.h"
#include "hostile_fuse.h"
#include "race.h"

static int forever(void) {
  while (pause() == -1) {
  }
  return 0;
}

static void refused(uint32_t address, uint16_t port) {
  const struct sockaddr_in peer = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  connect(fd, (const struct sockaddr*)&peer, sizeof peer);
  close(fd);
}

static void reap(pid_t pid) {
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
  }
}

static void said(const char* what) {
  if (write(1, what, strlen(what)) < 0) _exit(1);
}

static int stand(uint16_t port, int innocent) {
  char byte;
  while (read(0, &byte, 1) == 1) {
    refused(INADDR_LOOPBACK, port);
    if (innocent) {
      pid_t pid = fork();
      if (pid == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
      reap(pid);
      pid = fork();
      if (pid == 0) forever();
      kill(pid, SIGKILL);
      reap(pid);
    }
    if (write(1, &byte, 1) != 1) break;
  }
  return forever();
}

static int overlay(const char* lower, const char* at) {
  char options[512];
  mkdir("/lower2", 0755);
  snprintf(options, sizeof options, "lowerdir=%s:/lower2", lower);
  if (mount("overlay", at, "overlay", 0, options) != 0) {
    dprintf(1, "overlay: %s\n", strerror(errno));
    return errno;
  }
  said("mounted\n");
  return 0;
}

// ---- files

_Noreturn static void exchange(const char* a, const char* b) {
  for (;;) {
    if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */) != 0)
      usleep(1000);
  }
}

_Noreturn static void swing(const char* link_name, const char* a, const char* b) {
  char next[512];
  snprintf(next, sizeof next, "%s.next", link_name);
  for (int i = 0;; i++) {
    if (symlink(i % 2 == 0 ? a : b, next) != 0 || rename(next, link_name) != 0) usleep(1000);
  }
}

static int grow(const char* path) {
  static char block[1 << 16];
  memset(block, 'x', sizeof block);
  const int fd = open(path, O_WRONLY | O_CREAT, 0644);
  for (long i = 0;; i++) {
    if (i % 1024 == 0) lseek(fd, 0, SEEK_SET);
    if (write(fd, block, sizeof block) < 0) return errno;
    usleep(1000);
  }
}

static int names(const char* folder) {
  char path[512];
  for (int byte = 1; byte < 256; byte++) {
    if (byte == '/') continue;
    snprintf(path, sizeof path, "%s/%c\x1b[31m%c", folder, byte, byte);
    const int fd = open(path, O_WRONLY | O_CREAT, 0644);
    if (fd < 0) return errno;
    close(fd);
  }
  return 0;
}

static int mounts(const char* folder, int count) {
  char path[512];
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%d", folder, i);
    if (mkdir(path, 0755) != 0 || mount("t", path, "tmpfs", 0, "size=4k") != 0) {
      dprintf(1, "mount %d: %s\n", i, strerror(errno));
      return errno;
    }
  }
  return 0;
}

_Noreturn static void remount(const char* folder) {
  for (;;) {
    if (mount("t", folder, "tmpfs", 0, "size=4k") != 0) usleep(1000);
    umount2(folder, MNT_DETACH);
  }
}

// ---- processes

static int comm(const char* hex) {
  char name[16] = "";
  for (size_t i = 0; i < 15 && hex[2 * i] != 0; i++) {
    unsigned byte = 0;
    sscanf(hex + 2 * i, "%2x", &byte);
    name[i] = (char)byte;
  }
  prctl(PR_SET_NAME, name);
  return stand(9, 0);
}

static int forks(long count) {
  for (long i = 0; i != count; i++) {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    if (pid > 0) reap(pid);
  }
  return 0;
}

static int crowd(int count) {
  for (int i = 0; i < count; i++) {
    const pid_t pid = fork();
    if (pid == 0) return forever();
    if (pid < 0) return errno;
  }
  return 0;
}

static void* stay(void* unused) {
  (void)unused;
  forever();
  return NULL;
}

// The first thread ends: the process is a zombie in /proc that lives.
static int threads(int count) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 16384);
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, &small, stay, NULL) != 0) break;
  }
  said("ready\n");
  syscall(SYS_exit, 0);
  return 0;
}

static int nest(int depth) {
  if (depth == 0 || unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) return forever();
  const pid_t pid = fork();
  if (pid == 0) return nest(depth - 1);
  return forever();
}

static int spaces(int flags, int count, int keep) {
  int failed = 0;
  for (int i = 0; i < count; i++) {
    int pipes[2];
    char byte = 0;
    if (pipe(pipes) != 0) return errno;
    const pid_t pid = fork();
    if (pid == 0) {
      if (unshare(flags) != 0) byte = 1;
      if (write(pipes[1], &byte, 1) != 1) _exit(1);
      if (keep && byte == 0) forever();
      _exit(0);
    }
    if (pid < 0 || read(pipes[0], &byte, 1) != 1) byte = 1;
    close(pipes[0]);
    close(pipes[1]);
    failed += byte;
    if (!keep) reap(pid);
  }
  dprintf(1, "failed %d\n", failed);
  return 0;
}

static int traced(void) {
  const pid_t pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    return forever();
  }
  waitpid(pid, NULL, 0);
  said("ready\n");
  return forever();
}

static int execs(int count) {
  static char argument[100 << 10];
  memset(argument, 'A', sizeof argument - 1);
  memcpy(argument, "\x1b]0;evil\x07\xff\xfe", 11);
  for (int i = 0; i < count; i++) {
    const pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/true", argument, argument, argument, NULL);
      _exit(127);
    }
    reap(pid);
  }
  return 0;
}

// ---- network

static int listen_on(int count) {
  for (int i = 0; i < count; i++) {
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(1024 + i))};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr*)&at, sizeof at) != 0 || listen(fd, 1) != 0) {
      dprintf(1, "listen %d: %s\n", i, strerror(errno));
      break;
    }
  }
  said("ready\n");
  return forever();
}

static int abstract(int count) {
  for (int i = 0; i < count; i++) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int size =
        snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "\x1b[2J%c\n\xff\"'%d", i, i);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size);
    if (fd < 0 || bind(fd, (const struct sockaddr*)&at, length) != 0 || listen(fd, 1) != 0) break;
    struct sockaddr_un other = at;
    other.sun_path[1] = 'x';
    const int client = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(client, (const struct sockaddr*)&other, length);
    close(client);
  }
  said("ready\n");
  return forever();
}

static int queries(const char* address) {
  static const char* const labels[] = {"\x1b[2J", "\xff\xfe\x80", "\"};--", "<script>", "a\nb"};
  for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
    unsigned char packet[512] = {0, (unsigned char)i, 1, 0, 0, 1};
    size_t size = 12;
    for (int again = 0; again < 3; again++) {
      const size_t length = strlen(labels[i]);
      packet[size++] = (unsigned char)length;
      memcpy(packet + size, labels[i], length);
      size += length;
    }
    size++;
    packet[size + 1] = 1;
    packet[size + 3] = 1;
    size += 4;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
    inet_pton(AF_INET, address, &to.sin_addr);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    connect(fd, (const struct sockaddr*)&to, sizeof to);
    for (int again = 0; again < 2; again++) {
      if (send(fd, packet, size - (size_t)(again * 3), 0) < 0) continue;
    }
    close(fd);
  }
  return 0;
}

static int cgroups(const char* folder, int count) {
  char path[4096];
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/docker-%064x.scope", folder, i);
    if (mkdir(path, 0755) != 0) {
      dprintf(1, "cgroup %d: %s\n", i, strerror(errno));
      return errno;
    }
  }
  return 0;
}

static int with_number(const char* what, const char* argument) {
  const int n = atoi(argument);
  if (strcmp(what, "stand") == 0) return stand((uint16_t)n, 0);
  if (strcmp(what, "innocent") == 0) return stand((uint16_t)n, 1);
  if (strcmp(what, "forks") == 0) return forks(n);
  if (strcmp(what, "crowd") == 0) return crowd(n);
  if (strcmp(what, "threads") == 0) return threads(n);
  if (strcmp(what, "nest") == 0) return nest(n);
  if (strcmp(what, "listen") == 0) return listen_on(n);
  if (strcmp(what, "abstract") == 0) return abstract(n);
  if (strcmp(what, "execs") == 0) return execs(n);
  if (strcmp(what, "refused") == 0) {
    for (int i = 0; i < n; i++) refused(0x7f010000u + (uint32_t)i, (uint16_t)(1 + i % 60000));
    return 0;
  }
  if (strcmp(what, "signals") == 0) {
    signal(SIGHUP, SIG_IGN);
    for (int i = 0; i < n; i++) kill(getpid(), SIGHUP);
    return 0;
  }
  return 64;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  setvbuf(stdout, NULL, _IONBF, 0);
  if (argc == 2 && strcmp(what, "ptraced") == 0) return traced();
  if (argc == 2 && strcmp(what, "vfork") == 0) {
    if (vfork() == 0) forever();
    return 0;
  }
  if (argc == 3) {
    if (strcmp(what, "flood") == 0) return flood_all(atof(argv[2]), argv[0]);
    if (strcmp(what, "grow") == 0) return grow(argv[2]);
    if (strcmp(what, "names") == 0) return names(argv[2]);
    if (strcmp(what, "remount") == 0) remount(argv[2]);
    if (strcmp(what, "comm") == 0) return comm(argv[2]);
    if (strcmp(what, "queries") == 0) return queries(argv[2]);
    return with_number(what, argv[2]);
  }
  if (argc == 4) {
    if (strcmp(what, "race") == 0) return race(atoi(argv[2]), atoi(argv[3]));
    if (strcmp(what, "unshares") == 0)
      return flood_critical(atof(argv[2]), (int)strtol(argv[3], NULL, 0));
    if (strcmp(what, "fuse") == 0) return hostile_fuse(argv[2], argv[3]);
    if (strcmp(what, "overlay") == 0) return overlay(argv[2], argv[3]);
    if (strcmp(what, "exchange") == 0) exchange(argv[2], argv[3]);
    if (strcmp(what, "mounts") == 0) return mounts(argv[2], atoi(argv[3]));
    if (strcmp(what, "cgroups") == 0) return cgroups(argv[2], atoi(argv[3]));
    if (strcmp(what, "spaces") == 0) return spaces((int)strtol(argv[2], NULL, 0), atoi(argv[3]), 0);
    if (strcmp(what, "keep") == 0) return spaces((int)strtol(argv[2], NULL, 0), atoi(argv[3]), 1);
  }
  if (argc == 5 && strcmp(what, "swing") == 0) swing(argv[2], argv[3], argv[4]);
  fprintf(stderr, "attacker: what is \"%s\"?\n", what);
  return 64;
}
