/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The socket behind a file descriptor, and the address that a caller gave for it. */
#ifndef NSOBS_BPF_LIB_SOCKET_H_
#define NSOBS_BPF_LIB_SOCKET_H_

#include "bpf/lib/constants.h"
#include "bpf/lib/maps.h"
#include "bpf/lib/task.h"
#include "bpf/lib/types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct socket_facts {
  struct sock* sk;
  u16 family;
  u16 type;
  u16 protocol;
  u32 state;
};

/* The open file of the current task; NULL if there is none. */
static __always_inline struct file* file_of(u32 fd) {
  struct fdtable* table = FOLLOW(current_task(), files, fdt);
  struct file* file = NULL;

  if (fd < FOLLOW(table, max_fds))
    bpf_probe_read_kernel(&file, sizeof(file), FOLLOW(table, fd) + fd);
  return file;
}

/* As much of a struct socket as has what we read of it: one copy instead of four. */
#define SOCKET_HEAD_BYTES 64
#define SOCKET_FIELD(head, field) \
  (*(typeof(((struct socket*)0)->field)*)((head) + bpf_core_field_offset(struct socket, field)))

/* The socket behind a file descriptor of the current task; sk is NULL if it isn't one. */
static __always_inline void read_socket(struct socket_facts* out, u32 fd) {
  u8 head[SOCKET_HEAD_BYTES] __attribute__((aligned(8))) = {};
  struct file* file = file_of(fd);
  void* socket = BPF_CORE_READ(file, private_data);
  struct sock* sk;

  out->sk = NULL;
  if (!file || bpf_probe_read_kernel(head, sizeof(head), socket) != 0) return;
  /* Only a socket points back at its file. */
  if (SOCKET_FIELD(head, file) != file) return;
  sk = SOCKET_FIELD(head, sk);
  out->sk = sk;
  out->state = SOCKET_FIELD(head, state);
  out->type = SOCKET_FIELD(head, type);
  out->family = BPF_CORE_READ(sk, __sk_common.skc_family);
  out->protocol = BPF_CORE_READ(sk, sk_protocol);
}

struct caller_address {
  u16 family; /* the socket's, until the caller's own is read */
  u16 port;
  u8 address[16];
};

/* Out of a sockaddr of the caller: inet 4 bytes after the port, inet6 16 after the flow label. */
static __always_inline void read_caller_address(struct caller_address* out, u64 sockaddr) {
  u8 bytes[28] = {};
  u16 family;

  bpf_probe_read_user(bytes, sizeof(bytes), (void*)sockaddr);
  __builtin_memcpy(&family, bytes, 2);
  out->port = bytes[2] << 8 | bytes[3];
  if (family == AF_INET6)
    __builtin_memcpy(out->address, bytes + 8, 16);
  else
    __builtin_memcpy(out->address, bytes + 4, 4);
  if (family == AF_INET || family == AF_INET6) out->family = family;
}

/* sun_path of the caller, raw; returns how many bytes of it count. */
static __always_inline u8 read_caller_path(char* out, u64 sockaddr, u32 sockaddr_len) {
  u32 len = sockaddr_len > 2 ? sockaddr_len - 2 : 0;

  if (len > NSOBS_UNIX_PATH_LEN) len = NSOBS_UNIX_PATH_LEN;
  if (len) bpf_probe_read_user(out, len & 127, (void*)(sockaddr + 2));
  return len;
}

#endif /* NSOBS_BPF_LIB_SOCKET_H_ */
