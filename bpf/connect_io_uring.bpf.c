// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connects of io_uring that fail at once: they pass no syscall hook. What got as far as SYN_SENT is
 * told by connect_tcp.bpf.c. Costs each completion of io_uring a compare.
 * Source: io_connect() in io_uring/net.c, trace_io_uring_complete().
 */
#include "bpf/lib/connect.h"
#include "bpf/lib/program.h"

/* What was asked for lies in io_kiocb.cmd; the kernel's copy of the address is gone by now. */
struct io_connect {
  void* addr; /* of the caller */
  int addr_len;
} __attribute__((preserve_access_index));

static __always_inline void complete_connect(struct io_kiocb* req, s32 res) {
  struct file* file = BPF_CORE_READ(req, file);
  struct socket* socket = BPF_CORE_READ(file, private_data);
  struct io_connect* asked = (struct io_connect*)__builtin_preserve_access_index(&req->cmd);
  struct connect_call call = {}, *entered;
  struct sock* sk = BPF_CORE_READ(socket, sk);
  u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);

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
  tell_call_failure(&call, -res, (u64)BPF_CORE_READ(asked, addr), BPF_CORE_READ(asked, addr_len),
                    true);
}

/* The result comes as a struct io_uring_cqe, or as a number in the kernels before. */
SEC("tp_btf/io_uring_complete")
int TRACING_PROG(nsobs_io_uring_complete, void* ring, struct io_kiocb* req,
                 struct io_uring_cqe* cqe) {
  if (BPF_CORE_READ(req, opcode) != IORING_OP_CONNECT) return 0;
  complete_connect(req, cqe->res);
  return 0;
}

/* 5.19 to 6.12: before, no request is among the arguments. */
SEC("tp_btf/io_uring_complete")
int TRACING_PROG(nsobs_io_uring_result, void* ring, struct io_kiocb* req, u64 user_data, s32 res) {
  if (!NSOBS_IO_URING_TELLS_REQUEST) refuse();
  if (BPF_CORE_READ(req, opcode) != IORING_OP_CONNECT) return 0;
  complete_connect(req, res);
  return 0;
}
