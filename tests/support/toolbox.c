// What busybox can't: small misbehaviours, for containers of tests. Linked statically.
//
//   toolbox unix PATH          connect to a unix stream socket, once
//   toolbox stale PATH         leave a unix socket that nobody listens on, then sleep
//   toolbox crash              a fault that ends the process (SIGSEGV)
//   toolbox abort              abort()
//   toolbox zombies N          N children that nobody waits for, then sleep
//   toolbox graceful           sleep; SIGTERM ends it with exit code 0
//   toolbox stubborn           sleep; SIGTERM is caught and does nothing
//   toolbox memory MIB         touch so much memory, then sleep
//   toolbox serve ADDRESS PORT listen, accept and close, on and on
//   toolbox connects ADDRESS PORT N   N connects that are kept open, then exit
//   toolbox nonblocking ADDRESS PORT  a connect by poll(), exit code 0 when it is established
//   toolbox eyeballs PORT      ::1 first, which is refused, then 127.0.0.1
//   toolbox write FILE BYTES   write until it is done or fails
//   toolbox knock PORT         a connect to PORT of 127.0.0.1 now, to the next port at each SIGUSR1
//   toolbox dualbind PORT      listen on [::]:PORT, try 0.0.0.0:PORT as well, then sleep
//   toolbox newdata FILE       look for a file that is not there, as a first start does; make it
//   toolbox deaf FOLDER        on the host: a FUSE file system that never says what is in it
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int forever(void) {
  while (pause() == -1) {
  }
  return 0;
}

static void done(int signal) {
  (void)signal;
  _exit(0);
}

static void nothing(int signal) { (void)signal; }

static struct sockaddr_un unix_address(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  return address;
}

static struct sockaddr_in inet_address(const char* address, const char* port) {
  struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  inet_pton(AF_INET, address, &out.sin_addr);
  return out;
}

static int unix_connect(const char* path) {
  const struct sockaddr_un address = unix_address(path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return connect(fd, (const struct sockaddr*)&address, sizeof address) == 0 ? 0 : errno;
}

static int stale(const char* path) {
  const struct sockaddr_un address = unix_address(path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(fd, (const struct sockaddr*)&address, sizeof address) != 0) return errno;
  close(fd);
  return forever();
}

static int zombies(int count) {
  for (int i = 0; i < count; i++) {
    if (fork() == 0) _exit(0);
  }
  return forever();
}

static int memory(size_t mib) {
  for (size_t i = 0; i < mib; i++) {
    char* block = malloc(1 << 20);
    if (block == NULL) return ENOMEM;
    memset(block, 1, 1 << 20);
  }
  return forever();
}

static int serve(const char* where, const char* port) {
  const struct sockaddr_in address = inet_address(where, port);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (const struct sockaddr*)&address, sizeof address) != 0) return errno;
  if (listen(fd, 64) != 0) return errno;
  for (;;) close(accept(fd, NULL, NULL));
}

static int connects(const char* where, const char* port, int count) {
  const struct sockaddr_in address = inet_address(where, port);
  for (int i = 0; i < count; i++) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr*)&address, sizeof address) == 0) continue;
    const int error = errno;
    close(fd);
    return error;
  }
  return 0;
}

static int nonblocking(const char* where, const char* port) {
  const struct sockaddr_in address = inet_address(where, port);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (connect(fd, (const struct sockaddr*)&address, sizeof address) == 0) return 0;
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  poll(&ready, 1, 5000);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

static int eyeballs(const char* port) {
  struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                             .sin6_port = htons((uint16_t)atoi(port)),
                             .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr*)&six, sizeof six) == 0) return 0;
  close(fd);
  return connects("127.0.0.1", port, 1);
}

static int write_file(const char* path, size_t bytes) {
  static char block[4096];
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return errno;
  for (size_t done_bytes = 0; done_bytes < bytes; done_bytes += sizeof block) {
    if (write(fd, block, sizeof block) < 0) return errno;
  }
  return 0;
}

// Each port is tried once: who sees the failure knows which knock it was.
static int knock(int port) {
  char text[16];
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGUSR1);
  sigprocmask(SIG_BLOCK, &wanted, NULL);
  signal(SIGUSR1, nothing);
  for (int received = 0;; sigwait(&wanted, &received)) {
    snprintf(text, sizeof text, "%d", port++);
    connects("127.0.0.1", text, 1);
  }
}

static int dual_bind(const char* port) {
  struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                             .sin6_port = htons((uint16_t)atoi(port)),
                             .sin6_addr = IN6ADDR_ANY_INIT};
  const struct sockaddr_in four = inet_address("0.0.0.0", port);
  const int first = socket(AF_INET6, SOCK_STREAM, 0), second = socket(AF_INET, SOCK_STREAM, 0);
  const int zero = 0;
  setsockopt(first, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  if (bind(first, (struct sockaddr*)&six, sizeof six) != 0 || listen(first, 64) != 0) return errno;
  if (bind(second, (const struct sockaddr*)&four, sizeof four) == 0) return 1;
  close(second);
  return forever();
}

static int new_data(const char* path) {
  if (open(path, O_RDONLY) >= 0 || errno != ENOENT) return 1;
  return write_file(path, 4096);
}

// Requests that end at once are answered, so that the folder can be mounted and looked at from
// outside; what is in it is never told. Who asks waits until this process ends.
static int deaf(const char* folder) {
  static char request[1 << 20], answer[sizeof(struct fuse_out_header) + 256];
  const struct fuse_in_header* in = (const struct fuse_in_header*)request;
  struct fuse_out_header* out = (struct fuse_out_header*)answer;
  char options[128];
  const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
           device);
  if (device < 0 || mount("deaf", folder, "fuse.deaf", 0, options) != 0) return errno;
  while (read(device, request, sizeof request) > 0) {
    size_t size = 0;
    int error = -ENOSYS;
    memset(answer, 0, sizeof answer);
    if (in->opcode == FUSE_LOOKUP || in->opcode == FUSE_INTERRUPT || in->opcode == FUSE_FORGET ||
        in->opcode == FUSE_BATCH_FORGET) {
      continue;
    }
    if (in->opcode == FUSE_INIT) {
      struct fuse_init_out* init = (struct fuse_init_out*)(out + 1);
      *init = (struct fuse_init_out){
          .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096, .max_readahead = 4096};
      size = sizeof *init;
      error = 0;
    } else if (in->opcode == FUSE_GETATTR && in->nodeid == FUSE_ROOT_ID) {
      struct fuse_attr_out* attr = (struct fuse_attr_out*)(out + 1);
      attr->attr_valid = 3600;
      attr->attr = (struct fuse_attr){.ino = 1, .mode = S_IFDIR | 0755, .nlink = 2};
      size = sizeof *attr;
      error = 0;
    } else if (in->opcode == FUSE_STATFS) {
      size = sizeof(struct fuse_statfs_out);
      error = 0;
    }
    *out = (struct fuse_out_header){
        .len = (uint32_t)(sizeof *out + size), .error = error, .unique = in->unique};
    if (write(device, answer, out->len) < 0 && errno != ENOENT) return errno;
  }
  return errno;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "crash") == 0) *(volatile int*)16 = 1;
  if (strcmp(what, "abort") == 0) abort();
  if (strcmp(what, "graceful") == 0) {
    signal(SIGTERM, done);
    return forever();
  }
  if (strcmp(what, "stubborn") == 0) {
    signal(SIGTERM, nothing);
    return forever();
  }
  if (argc == 3 && strcmp(what, "unix") == 0) return unix_connect(argv[2]);
  if (argc == 3 && strcmp(what, "stale") == 0) return stale(argv[2]);
  if (argc == 3 && strcmp(what, "zombies") == 0) return zombies(atoi(argv[2]));
  if (argc == 3 && strcmp(what, "memory") == 0) return memory((size_t)atoi(argv[2]));
  if (argc == 4 && strcmp(what, "serve") == 0) return serve(argv[2], argv[3]);
  if (argc == 5 && strcmp(what, "connects") == 0) return connects(argv[2], argv[3], atoi(argv[4]));
  if (argc == 4 && strcmp(what, "nonblocking") == 0) return nonblocking(argv[2], argv[3]);
  if (argc == 3 && strcmp(what, "eyeballs") == 0) return eyeballs(argv[2]);
  if (argc == 3 && strcmp(what, "dualbind") == 0) return dual_bind(argv[2]);
  if (argc == 3 && strcmp(what, "newdata") == 0) return new_data(argv[2]);
  if (argc == 3 && strcmp(what, "deaf") == 0) return deaf(argv[2]);
  if (argc == 4 && strcmp(what, "write") == 0) return write_file(argv[2], (size_t)atol(argv[3]));
  if (argc == 3 && strcmp(what, "knock") == 0) return knock(atoi(argv[2]));
  fprintf(stderr, "toolbox: what is \"%s\"?\n", what);
  return 64;
}
