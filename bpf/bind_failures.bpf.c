// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bind() and listen() that fail for what an administrator can mend: the address is taken, is not
 * here, or may not be had. The kernel keeps no copy of an address that it refused, so bind's is
 * read from the caller after the failure and says so; listen's is the socket's. Source:
 * __sys_bind(), __sys_listen() in net/socket.c. What io_uring binds passes no syscall.
 */
#include "bpf/lib/beat.h"
#include "bpf/lib/connect.h"
#include "bpf/lib/open_calls.h"
#include "bpf/lib/socket.h"
#include "bpf/lib/syscall_hook.h"

static __always_inline bool begin_call(struct bind_call* call, u32 fd, u8 operation,
                                       struct socket_facts* facts) {
  read_socket(facts, fd);
  if (!facts->sk) return false;
  call->protocol = protocol_of(facts->family, facts->type, facts->protocol);
  call->family = facts->family;
  call->operation = operation;
  return true;
}

NSOBS_CALLED(bind, 3) {
  u64 id = bpf_get_current_pid_tgid();
  struct socket_facts facts = {};
  struct bind_call call = {};

  if (is_beat(NSOBS_BEAT_BIND_CALL)) return 0;
  forget_bind_call(id);
  if (!begin_call(&call, args->value[0], NSOBS_BIND_BIND, &facts)) return 0;
  call.sockaddr = args->value[1];
  call.sockaddr_len = args->value[2];
  bpf_map_update_elem(&bind_calls, &id, &call, BPF_ANY);
  return 0;
}

NSOBS_CALLED(listen, 1) {
  u64 id = bpf_get_current_pid_tgid();
  struct socket_facts facts = {};
  struct bind_call call = {};
  struct sock* sk;
  __be32 address;

  if (is_beat(NSOBS_BEAT_LISTEN_CALL)) return 0;
  forget_bind_call(id);
  if (!begin_call(&call, args->value[0], NSOBS_BIND_LISTEN, &facts)) return 0;
  sk = facts.sk; /* not facts.sk below: CO-RE would look for our struct in the kernel */
  if (call.family == AF_INET6) {
    BPF_CORE_READ_INTO(&call.address, sk, __sk_common.skc_v6_rcv_saddr);
  } else if (call.family == AF_INET) {
    address = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
    __builtin_memcpy(call.address, &address, 4);
  }
  if (call.family != AF_UNIX) call.port = BPF_CORE_READ(sk, __sk_common.skc_num);
  bpf_map_update_elem(&bind_calls, &id, &call, BPF_ANY);
  return 0;
}

static __always_inline void fill_bind_failure(struct nsobs_bind_failure* e,
                                              const struct bind_call* call, s32 error) {
  struct caller_address caller = {.family = call->family};

  read_process(&e->process, current_task());
  e->protocol = call->protocol;
  e->operation = call->operation;
  e->error = error;
  e->family = call->family;
  if (call->operation == NSOBS_BIND_LISTEN) {
    e->address_source = NSOBS_DEST_SOCKET;
    e->port = call->port;
    __builtin_memcpy(e->address, call->address, 16);
    return;
  }
  e->address_source = NSOBS_DEST_CALLER;
  if (call->family == AF_UNIX) {
    e->path_len = read_caller_path(e->path, call->sockaddr, call->sockaddr_len);
    return;
  }
  read_caller_address(&caller, call->sockaddr);
  e->family = caller.family;
  e->port = caller.port;
  __builtin_memcpy(e->address, caller.address, 16);
}

static __always_inline bool is_told(long ret) {
  return ret == -EADDRINUSE || ret == -EADDRNOTAVAIL || ret == -EACCES || ret == -EPERM;
}

static __always_inline int end_call(long ret) {
  u64 id = bpf_get_current_pid_tgid();
  struct bind_call* found = bpf_map_lookup_elem(&bind_calls, &id);
  struct nsobs_bind_failure* e;
  struct telling t = {};
  struct bind_call call;

  if (!found) return 0;
  call = *found;
  bpf_map_delete_elem(&bind_calls, &id);
  if (!is_told(ret)) return 0;
  owner_by_net_ns(&t.owner, current_task());
  bump(&t.owner, NSOBS_COUNT_BIND_FAILURE, call.protocol, -ret);
  begin_telling(&t, NSOBS_KIND_BIND_FAILURE);
  e = reserve_bulk(&t, sizeof(*e));
  if (!e) return 0;
  __builtin_memset(e, 0, sizeof(*e));
  fill_header(&e->h, &t, sizeof(*e));
  fill_bind_failure(e, &call, -ret);
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
  return 0;
}

NSOBS_RETURNED(bind) { return is_beat(NSOBS_BEAT_BIND_RETURN) ? 0 : end_call(ret); }

NSOBS_RETURNED(listen) { return is_beat(NSOBS_BEAT_LISTEN_RETURN) ? 0 : end_call(ret); }
