#define _GNU_SOURCE
#include "hostile_fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void reply(int device, uint64_t unique, int error, const void* body, size_t size) {
  static char out[1 << 16];
  struct fuse_out_header* header = (struct fuse_out_header*)out;
  *header = (struct fuse_out_header){
      .len = (uint32_t)(sizeof *header + size), .error = error, .unique = unique};
  if (size > 0) memcpy(header + 1, body, size);
  if (write(device, out, header->len) < 0) return;
}

static struct fuse_attr attributes(uint64_t node) {
  struct fuse_attr attr = {.ino = node, .nlink = 1, .mode = S_IFREG | 0644, .size = 4096};
  if (node == FUSE_ROOT_ID) attr.mode = S_IFDIR | 0755;
  return attr;
}

static int serve_fuse(int device, const char* mode) {
  static char request[1 << 18];
  static char page[4096];
  const struct fuse_in_header* in = (const struct fuse_in_header*)request;
  int statfs_left = 4;  // who mounts an overlay over it asks for that first
  memset(page, '#', sizeof page);
  while (read(device, request, sizeof request) > 0) {
    const uint32_t op = in->opcode;
    if (op == FUSE_FORGET || op == FUSE_BATCH_FORGET || op == FUSE_INTERRUPT) continue;
    if (strcmp(mode, "drip") == 0 && op != FUSE_INIT) sleep(1);
    if (strcmp(mode, "die") == 0 && op == FUSE_LOOKUP) _exit(0);
    if ((strcmp(mode, "init") == 0 && op == FUSE_INIT) ||
        (strcmp(mode, "lookup") == 0 && op == FUSE_LOOKUP) ||
        (strcmp(mode, "getattr") == 0 && op == FUSE_GETATTR) ||
        (strcmp(mode, "open") == 0 && (op == FUSE_OPEN || op == FUSE_OPENDIR)) ||
        (strcmp(mode, "read") == 0 && (op == FUSE_READ || op == FUSE_READDIR)) ||
        (strcmp(mode, "statfs") == 0 && op == FUSE_STATFS && statfs_left-- <= 0)) {
      continue;
    }
    if (op == FUSE_INIT) {
      const struct fuse_init_out out = {
          .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096, .max_readahead = 4096};
      reply(device, in->unique, 0, &out, sizeof out);
    } else if (op == FUSE_LOOKUP) {
      const struct fuse_entry_out out = {.nodeid = 2, .attr = attributes(2)};
      reply(device, in->unique, 0, &out, sizeof out);
    } else if (op == FUSE_GETATTR) {
      const struct fuse_attr_out out = {.attr = attributes(in->nodeid)};
      reply(device, in->unique, 0, &out, sizeof out);
    } else if (op == FUSE_OPEN || op == FUSE_OPENDIR) {
      const struct fuse_open_out out = {.fh = 1};
      reply(device, in->unique, 0, &out, sizeof out);
    } else if (op == FUSE_READ) {
      reply(device, in->unique, 0, page, sizeof page);
    } else if (op == FUSE_STATFS) {
      const struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255}};
      reply(device, in->unique, 0, &out, sizeof out);
    } else {
      reply(device, in->unique, -ENOSYS, NULL, 0);
    }
  }
  return errno;
}

int hostile_fuse(const char* folder, const char* mode) {
  char options[128];
  const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
           device);
  if (device < 0 || mount("hostile", folder, "fuse.hostile", MS_NOSUID | MS_NODEV, options) != 0) {
    dprintf(1, "fuse: %s\n", strerror(errno));
    return errno;
  }
  dprintf(1, "mounted\n");
  return serve_fuse(device, mode);
}
