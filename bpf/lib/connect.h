/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs that watch connects share.
 *
 * A TCP attempt begins when its socket enters SYN_SENT and is kept with the socket until it leaves
 * (connect_tcp.bpf.c). What fails before SYN_SENT, and all of unix and UDP, is seen when the call
 * returns (connect_syscall.bpf.c, connect_io_uring.bpf.c). So that nothing is told twice:
 *  - while a thread is inside connect(), `connect_calls` says so; entering SYN_SENT marks it;
 *  - an error returned by a marked call, or by a call on a socket that was connecting already, was
 *    accounted by the state change, unless the attempt failed inside tcp_v4_connect() itself after
 *    SYN_SENT (no local port left): then only the call's return knows the errno.
 */
#ifndef NSOBS_BPF_LIB_CONNECT_H_
#define NSOBS_BPF_LIB_CONNECT_H_

#include "bpf/lib/emit.h"
#include "bpf/lib/missed.h"

/* 5.19 (ef060ea9e4fd): before, the completion does not say whose it is, and nobody asks later. */
#define NSOBS_IO_URING_TELLS_REQUEST bpf_core_field_exists(struct io_kiocb, cqe)

struct connect_call {
  u64 started_ns;
  u64 sockaddr; /* the caller's, untrusted */
  u64 sock;     /* struct sock *, only compared; 0: the thread is in no call */
  u32 sockaddr_len;
  u8 protocol; /* enum nsobs_protocol */
  u8 family;
  u8 was_connecting; /* the socket was in SS_CONNECTING when the call began */
  u8 entered;        /* the socket entered SYN_SENT during the call */
  u8 failed_inside;  /* and left it again before the protocol's connect returned */
  u8 kept;           /* the entry stays for the thread's next call */
  u8 pad[6];
};

/*
 * Who connected once will again: an entry that stays saves an insertion and a removal for each
 * call. It goes with its thread (processes.bpf.c). Half of the table is left for those who come
 * once.
 */
#define KEPT_CALLS (CALLS / 2)

struct connect_call_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, CALLS);
  __type(key, __u64); /* pid_tgid */
  __type(value, struct connect_call);
};

/*
 * The same for connects that run in io_uring: by socket, for they have no thread of their own. By
 * the socket's cookie, since an address is soon another socket's.
 */
struct io_connect_map {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64); /* sock_common.skc_cookie */
  __type(value, struct connect_call);
};

/* Who connected a UDP socket, for the ICMP errors that come back. */
struct udp_peer {
  struct nsobs_process process;
  u64 socket_inode; /* sockfs: tells a socket from the next one at the same address */
};

struct udp_owner_map {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64); /* struct sock * */
  __type(value, struct udp_peer);
};

struct connect_call_map connect_calls SEC(".maps");
volatile __u64 kept_calls SEC(".data.kept_calls");
struct io_connect_map io_connects SEC(".maps");
struct udp_owner_map udp_owners SEC(".maps");

/* The call of the current thread has returned. */
static __always_inline void leave_call(struct connect_call* call, u64 id) {
  call->sock = 0;
  if (call->kept) return;
  if (kept_calls >= KEPT_CALLS) {
    bpf_map_delete_elem(&connect_calls, &id);
    return;
  }
  call->kept = 1;
  __sync_fetch_and_add(&kept_calls, 1);
}

/* The current thread ends, perhaps killed inside its call. */
static __always_inline void forget_calls(u64 id) {
  struct connect_call* call = bpf_map_lookup_elem(&connect_calls, &id);

  if (!call) return;
  if (call->sock) note_missed(NSOBS_BEAT_CONNECT_RETURN);
  if (call->kept) __sync_fetch_and_add(&kept_calls, -1);
  bpf_map_delete_elem(&connect_calls, &id);
}

static __always_inline struct nsobs_tcp_connects* tcp_connects_of(
    const struct nsobs_owner_key* owner, bool overflow) {
  struct nsobs_tcp_connects zero = {}, *value;
  u32 slot = 0;

  if (overflow) return bpf_map_lookup_elem(&tcp_connects_overflow, &slot);
  value = bpf_map_lookup_elem(&tcp_connects, owner);
  if (value) return value;
  bpf_map_update_elem(&tcp_connects, owner, &zero, BPF_NOEXIST);
  return bpf_map_lookup_elem(&tcp_connects, owner);
}

/* An attempt that ended before it was under way: both sides of the balance at once. */
static __always_inline void count_immediate_tcp_failure(const struct nsobs_owner_key* owner) {
  struct nsobs_tcp_connects* connects = tcp_connects_of(owner, false);

  if (!connects) connects = tcp_connects_of(owner, true);
  if (!connects) return;
  __sync_fetch_and_add(&connects->attempts, 1);
  __sync_fetch_and_add(&connects->failed, 1);
}

static __always_inline u8 protocol_of(u16 family, u16 type, u16 protocol) {
  if (family == AF_UNIX) {
    if (type == SOCK_STREAM) return NSOBS_PROTO_UNIX_STREAM;
    if (type == SOCK_DGRAM) return NSOBS_PROTO_UNIX_DGRAM;
    return NSOBS_PROTO_UNIX_SEQPACKET;
  }
  if (family != AF_INET && family != AF_INET6) return NSOBS_PROTO_OTHER;
  if (protocol == IPPROTO_TCP) return NSOBS_PROTO_TCP;
  if (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE) return NSOBS_PROTO_UDP;
  return NSOBS_PROTO_OTHER;
}

struct kernel_sockaddr {
  u16 family;
  __be16 port;
  u8 rest[24]; /* inet: 4 bytes of address; inet6: flow label, 16 bytes of address */
};

/* Copies the destination out of a sockaddr in kernel memory or in `user` memory. */
static __always_inline void read_sockaddr(struct nsobs_connect_failure* e, u64 address, u32 len,
                                          bool user) {
  struct kernel_sockaddr sa = {};

  e->destination_source = NSOBS_DEST_CALLER;
  if (e->family == AF_UNIX) {
    u32 path_len = len > 2 ? len - 2 : 0;

    if (path_len > NSOBS_UNIX_PATH_LEN) path_len = NSOBS_UNIX_PATH_LEN;
    e->path_len = path_len;
    if (path_len == 0) return;
    if (user)
      bpf_probe_read_user(e->path, path_len & 127, (void*)(address + 2));
    else
      bpf_probe_read_kernel(e->path, path_len & 127, (void*)(address + 2));
    return;
  }
  if (user)
    bpf_probe_read_user(&sa, sizeof(sa), (void*)address);
  else
    bpf_probe_read_kernel(&sa, sizeof(sa), (void*)address);
  e->remote_port = __builtin_bswap16(sa.port);
  if (sa.family == AF_INET6)
    __builtin_memcpy(e->remote, sa.rest + 4, 16);
  else
    __builtin_memcpy(e->remote, sa.rest, 4);
  e->family = sa.family == AF_INET || sa.family == AF_INET6 ? sa.family : e->family;
}

/* The socket's own address: what is, or would be, on the wire. */
static __always_inline void read_local_address(u8 local[16], struct sock* sk) {
  if (sk->__sk_common.skc_family == AF_INET6) {
    bpf_probe_read_kernel(local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
  } else {
    __be32 saddr = sk->__sk_common.skc_rcv_saddr;
    __builtin_memcpy(local, &saddr, 4);
  }
}

/* Both ends as the kernel has them. */
static __always_inline void read_socket_addresses(struct nsobs_connect_failure* e,
                                                  struct sock* sk) {
  e->destination_source = NSOBS_DEST_SOCKET;
  e->family = sk->__sk_common.skc_family;
  e->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
  /* skc_num is 0 again once the port was given back; inet_sport still says which it was. */
  e->local_port = __builtin_bswap16(BPF_CORE_READ((struct inet_sock*)sk, inet_sport));
  if (e->family == AF_INET6) {
    bpf_probe_read_kernel(e->remote, 16, &sk->__sk_common.skc_v6_daddr);
  } else {
    __be32 daddr = sk->__sk_common.skc_daddr;
    __builtin_memcpy(e->remote, &daddr, 4);
  }
  read_local_address(e->local, sk);
}

/* A record with all but who and where; the caller fills those and submits. */
static __always_inline struct nsobs_connect_failure* reserve_connect_failure(struct telling* t,
                                                                             u8 protocol, u8 phase,
                                                                             u16 family, s32 error,
                                                                             u64 started_ns) {
  struct nsobs_connect_failure* e;

  begin_telling(t, NSOBS_KIND_CONNECT_FAILURE);
  e = reserve_bulk(t, sizeof(*e));
  if (!e) return NULL;
  __builtin_memset(e, 0, sizeof(*e));
  fill_header(&e->h, t, sizeof(*e));
  e->duration_ns = started_ns ? t->now_ns - started_ns : 0;
  e->protocol = protocol;
  e->phase = phase;
  e->family = family;
  e->error = error;
  return e;
}

/* Errors of a call that failed at once: counted, told, with the caller's own sockaddr. */
static __always_inline void tell_call_failure(const struct connect_call* call, s32 error,
                                              u64 sockaddr, u32 sockaddr_len, bool user) {
  struct task_struct* task = current_task();
  struct nsobs_connect_failure* e;
  struct telling t = {};

  owner_by_net_ns(&t.owner, task);
  bump(&t.owner, NSOBS_COUNT_CONNECT_FAILURE, call->protocol, error);
  if (call->protocol == NSOBS_PROTO_TCP && !call->entered) count_immediate_tcp_failure(&t.owner);
  e = reserve_connect_failure(&t, call->protocol, NSOBS_PHASE_IMMEDIATE, call->family, error,
                              call->started_ns);
  if (!e) return;
  read_process(&e->process, task);
  if (sockaddr) read_sockaddr(e, sockaddr, sockaddr_len, user);
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
}

/* Does this return value of connect() say that the attempt failed now? */
static __always_inline bool is_failure(long ret) {
  if (ret >= 0 || ret < -MAX_USER_ERRNO) return false;
  return ret != -EINPROGRESS && ret != -EALREADY && ret != -EISCONN && ret != -EINTR &&
         ret != -EBADF && ret != -ENOTSOCK && ret != -EFAULT;
}

/* Was the failure accounted for when the socket's state changed? */
static __always_inline bool told_by_state_change(const struct connect_call* call) {
  if (call->protocol != NSOBS_PROTO_TCP) return false;
  return (call->entered && !call->failed_inside) || call->was_connecting;
}

#endif /* NSOBS_BPF_LIB_CONNECT_H_ */
