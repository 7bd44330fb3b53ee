// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connects of io_uring that fail at once: they pass no syscall hook. What got as far as SYN_SENT is
 * told by connect_tcp.bpf.c. Costs each completion of io_uring a compare.
 * Source: io_connect() in io_uring/net.c, trace_io_uring_complete().
 */
#include "bpf/lib/connect.h"

#include <bpf/bpf_tracing.h>

/* Its place in io_async_msghdr moved from release to release: found by CO-RE. */
struct io_async_msghdr {
  u8 addr[128];
} __attribute__((preserve_access_index));

static __always_inline void complete_connect(struct io_kiocb* req, s32 res) {
  struct file* file = BPF_CORE_READ(req, file);
  struct socket* socket = BPF_CORE_READ(file, private_data);
  struct io_async_msghdr* async = BPF_CORE_READ(req, async_data);
  struct connect_call call = {}, *entered;
  struct sock* sk = BPF_CORE_READ(socket, sk);
  u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter), address = 0;

  entered = bpf_map_lookup_elem(&io_connects, &cookie);
  if (entered) {
    call = *entered;
    bpf_map_delete_elem(&io_connects, &cookie);
  } else {
    call.family = BPF_CORE_READ(sk, __sk_common.skc_family);
    call.protocol =
        protocol_of(call.family, BPF_CORE_READ(sk, sk_type), BPF_CORE_READ(sk, sk_protocol));
  }
  /* Cancelled before it began (an earlier link of its chain failed): there was no attempt. */
  if (!is_failure(res) || res == -ECANCELED || told_by_state_change(&call)) return;
  if (async && bpf_core_field_exists(struct io_async_msghdr, addr))
    address = (u64)__builtin_preserve_access_index(&async->addr);
  tell_call_failure(&call, -res, address, 110, false);
}

/* Since 6.9 the result comes as a struct io_uring_cqe, before as a number. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(nsobs_io_uring_complete, void* ring, struct io_kiocb* req, struct io_uring_cqe* cqe) {
  if (BPF_CORE_READ(req, opcode) != IORING_OP_CONNECT) return 0;
  complete_connect(req, cqe->res);
  return 0;
}
