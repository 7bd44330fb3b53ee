// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ICMP errors that come back for UDP: the caller gets them on its next call on the socket.
 * Told with the process that connected the socket; a socket that was never connected (IP_RECVERR)
 * or connected before the observer started has none, and is told with its net namespace alone.
 * Source: inet_sk_error_report tracepoint, __udp4_lib_err(), __udp6_lib_err(). Since 5.14.
 */
#include "bpf/lib/connect.h"
#include "bpf/lib/program.h"

static __always_inline u64 socket_inode(struct sock* sk) {
  struct socket_alloc* socket = (struct socket_alloc*)sk->sk_socket;

  return BPF_CORE_READ(socket, vfs_inode.i_ino);
}

/* What the socket itself tells of its owner. */
static __always_inline void owner_of_socket(struct nsobs_process* out, struct sock* sk) {
  struct net* net = sk->__sk_common.skc_net.net;

  out->ns.inode[NSOBS_NS_NET] = net->ns.inum;
  out->ns.id[NSOBS_NS_NET] = net_id(net);
  if (bpf_core_field_exists(struct sock_cgroup_data, cgroup)) {
    struct cgroup* cgroup = sk->sk_cgrp_data.cgroup;

    out->cgroup.id = BPF_CORE_READ(cgroup, kn, id);
    out->cgroup.level = BPF_CORE_READ(cgroup, level);
  }
}

struct report {
  u64 sock;
  u64 tail; /* of the socket's error queue */
  u64 length;
};

struct report_map {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct report);
};

struct report_map last_report SEC(".maps");

/*
 * With IP_RECVERR (every resolver of glibc) one ICMP error is reported twice in a row: as it is
 * queued, when sk_err is that of an earlier one, and as sk_err is set. Reading the queue reports
 * what is left once more. Of all these only the second of a row is told: same CPU, socket and
 * queue.
 */
static __always_inline bool is_announcement(struct sock* sk) {
  struct report now = {.sock = (u64)sk};
  struct report* last;
  u32 zero = 0;

  now.length = BPF_CORE_READ(sk, sk_error_queue.qlen);
  if (now.length == 0) return false; /* no IP_RECVERR */
  now.tail = (u64)BPF_CORE_READ(sk, sk_error_queue.prev);
  last = bpf_map_lookup_elem(&last_report, &zero);
  if (!last) return false;
  if (last->sock == now.sock && last->tail == now.tail && last->length == now.length) {
    last->sock = 0;
    return false;
  }
  *last = now;
  return true;
}

static __always_inline int tell_error(struct sock* sk) {
  struct nsobs_connect_failure* e;
  struct nsobs_process process = {};
  struct telling t = {};
  struct udp_peer* peer;
  u64 key = (u64)sk;
  s32 error = sk->sk_err;

  if (sk->sk_protocol != IPPROTO_UDP && sk->sk_protocol != IPPROTO_UDPLITE) return 0;
  if (is_announcement(sk)) return 0;
  if (error <= 0 || error > MAX_USER_ERRNO) return 0;
  peer = bpf_map_lookup_elem(&udp_owners, &key);
  if (peer && peer->socket_inode == socket_inode(sk))
    __builtin_memcpy(&process, &peer->process, sizeof(process));
  else
    owner_of_socket(&process, sk);

  t.owner.cgroup_id = process.cgroup.id;
  t.owner.hierarchy = process.cgroup.hierarchy;
  t.owner.ns_inode = process.ns.inode[NSOBS_NS_NET];
  t.owner.ns_id = process.ns.id[NSOBS_NS_NET] ?: process.ns.inode[NSOBS_NS_NET];
  bump(&t.owner, NSOBS_COUNT_CONNECT_FAILURE, NSOBS_PROTO_UDP, error);
  e = reserve_connect_failure(&t, NSOBS_PROTO_UDP, NSOBS_PHASE_LATER, 0, error, 0);
  if (!e) return 0;
  __builtin_memcpy(&e->process, &process, sizeof(process));
  read_socket_addresses(e, sk);
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
  return 0;
}

SEC("tp_btf/inet_sk_error_report")
int TRACING_PROG(nsobs_udp_error, struct sock* sk) { return tell_error(sk); }

/* Before 5.14, as for TCP. */
SEC("fentry/sock_def_error_report")
int TRACING_PROG(nsobs_udp_error_fentry, struct sock* sk) { return tell_error(sk); }
