#define _GNU_SOURCE
#include "race.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in peer = {.sin_family = AF_INET};
static volatile int ending;
static in_port_t ports[2];

static void* flip(void* unused) {
  volatile in_port_t* port = &peer.sin_port;
  for (unsigned i = 0; !ending; i++) *port = ports[i & 1];
  return unused;
}

int race(int closed_port, int count) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof own;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr*)&own, sizeof own) != 0 || listen(listener, 4096) != 0 ||
      getsockname(listener, (struct sockaddr*)&own, &size) != 0) {
    return errno;
  }
  peer.sin_addr = own.sin_addr;
  ports[0] = htons((uint16_t)closed_port);
  ports[1] = own.sin_port;
  pthread_t thread;
  if (pthread_create(&thread, NULL, flip, NULL) != 0) return 1;
  int refused = 0;
  for (int i = 0; i < count; i++) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr*)&peer, sizeof peer) != 0) {
      refused += errno == ECONNREFUSED;
    } else {
      close(accept(listener, NULL, NULL));
    }
    close(fd);
  }
  ending = 1;
  pthread_join(thread, NULL);
  printf("raced %d %d\n", refused, count - refused);
  return 0;
}
