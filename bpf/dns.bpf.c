// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * DNS queries to port 53 that get no answer, or SERVFAIL or REFUSED.
 *
 * Seen where an IP packet leaves its own socket and where it reaches one: the two hooks of the root
 * of the unified cgroup hierarchy, which is above every process whether or not its container has
 * cgroups there. A query is met inside the call that sends it, before its neighbour's address is
 * asked for; an answer after every translation back, whether or not the program ever reads it.
 * Both programs always let the packet through. Connected sockets of other ports pay two loads.
 *
 * A query is kept by (socket, server, id). Whoever deletes it, the answer or the sweep that
 * userspace runs while there is any, tells it: each has one outcome.
 * Source: __cgroup_bpf_run_filter_skb() in kernel/bpf/cgroup.c, called by ip_finish_output() and
 * sk_filter_trim_cap(). Needs bpf_for_each_map_elem() of 5.13.
 */
#include "bpf/lib/dns.h"

#include <bpf/bpf_tracing.h>

#define PASS 1

struct dns_query_map dns_queries SEC(".maps");
struct dns_answered_map dns_answered SEC(".maps");

/* How many are kept: userspace reads it to know whether a sweep is worth it. */
volatile __u64 dns_under_way SEC(".data.dns");

static const struct dns_query no_query; /* what an entry begins as */

static __always_inline void forget(const struct dns_key* key) {
  if (bpf_map_delete_elem(&dns_queries, key) == 0) __sync_fetch_and_add(&dns_under_way, -1);
}

/* ---- its end --------------------------------------------------------------------------------- */

static __always_inline void owner_of_query(struct nsobs_owner_key* out, const struct dns_query* q) {
  out->cgroup_id = q->process.cgroup.id;
  out->hierarchy = q->process.cgroup.hierarchy;
  out->ns_inode = q->net_inode;
  out->ns_id = q->net_id ?: q->net_inode;
}

static __always_inline void fill_failure(struct nsobs_dns_failure* e, const struct dns_key* key,
                                         const struct dns_query* q, const struct ending* end) {
  __builtin_memset(e, 0, sizeof(*e));
  __builtin_memcpy(&e->process, &q->process, sizeof(e->process));
  e->duration_ns = end->duration_ns;
  e->net_id = q->net_id;
  e->net_inode = q->net_inode;
  e->family = q->family;
  e->port = q->port;
  __builtin_memcpy(e->server, key->server, sizeof(e->server));
  e->protocol = key->protocol;
  e->outcome = end->outcome;
  e->given_up = end->given_up;
  e->question_len = q->question_len;
  __builtin_memcpy(e->question, q->question, sizeof(e->question));
}

/* Who ends a query: each has a scratch of its own, for the answer may interrupt the sweep. */
enum ender { BY_ANSWER, BY_SWEEP, ENDERS };

struct record_map {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, ENDERS);
  __type(key, __u32);
  __type(value, struct nsobs_dns_failure);
};

struct record_map dns_records SEC(".maps");

/* Observed, and submitted or counted as lost. */
static __always_inline void send_failure(const struct telling* t, struct nsobs_dns_failure* e) {
  tally_observed(t);
  if (!take_token(t)) {
    tally_lost(t, NSOBS_LOST_BUDGET);
    return;
  }
  fill_header(&e->h, t, sizeof(*e));
  if (!has_room_bulk(t) || bpf_ringbuf_output(&bulk, e, sizeof(*e), wakeup_bulk(t)))
    tally_lost(t, NSOBS_LOST_RING_FULL);
}

/*
 * The record is filled before the entry is deleted, for then its memory may be another query's; and
 * all is counted only if it was us who deleted it. In a scratch, not in the ring: verifiers before
 * 6.4 lose track of a place in the ring that is there or not.
 */
static __always_inline void end_query(const struct dns_key* key, const struct dns_query* q,
                                      const struct ending* end, u32 ender) {
  struct nsobs_dns_failure* e = bpf_map_lookup_elem(&dns_records, &ender);
  struct telling t = {};

  if (!e) return;
  owner_of_query(&t.owner, q);
  begin_telling(&t, NSOBS_KIND_DNS_FAILURE);
  if (end->outcome) fill_failure(e, key, q, end);
  if (bpf_map_delete_elem(&dns_queries, key) != 0) return;
  __sync_fetch_and_add(&dns_under_way, -1);
  if (end->answered) bump(&t.owner, NSOBS_COUNT_DNS_ANSWER, key->protocol, end->rcode);
  if (!end->outcome) return;
  bump(&t.owner, NSOBS_COUNT_DNS_FAILURE, key->protocol, end->outcome);
  send_failure(&t, e);
}

/* ---- the query ------------------------------------------------------------------------------- */

/*
 * Who asks: for a datagram the current task, as it leaves inside its own call. What TCP sends may
 * be sent by whoever runs the softirq: then it is the socket's net namespace and cgroup alone.
 */
static __always_inline void read_asker(struct dns_query* q, struct sock* sk, u8 protocol) {
  struct task_struct* task = current_task();
  struct net* net = BPF_CORE_READ(sk, __sk_common.skc_net.net);

  q->net_inode = BPF_CORE_READ(net, ns.inum);
  if (bpf_core_field_exists(struct ns_common, ns_id))
    q->net_id = BPF_CORE_READ(net, ns.ns_id);
  else if (bpf_core_field_exists(struct net, net_cookie))
    q->net_id = BPF_CORE_READ(net, net_cookie);
  if (protocol == NSOBS_PROTO_UDP && !(FOLLOW(task, flags) & PF_KTHREAD)) {
    read_process(&q->process, task);
  } else if (bpf_core_field_exists(struct sock_cgroup_data, cgroup)) {
    struct cgroup* cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);

    q->process.cgroup.id = BPF_CORE_READ(cgroup, kn, id);
    q->process.cgroup.level = BPF_CORE_READ(cgroup, level);
  }
  /* The socket may live in another namespace than its user by now (an engine's resolver). */
  q->process.ns.inode[NSOBS_NS_NET] = q->net_inode;
  q->process.ns.id[NSOBS_NS_NET] = q->net_id;
}

static __always_inline void read_question(struct dns_query* q, struct __sk_buff* skb, u32 at) {
  u64 size = skb->len - (u64)at; /* 64 bits: no shifts between what is compared and what is used */
  u64 last;

  if (size > sizeof(q->question)) size = sizeof(q->question);
  /* One comparison for both ends: older verifiers learn nothing from "is not 0". */
  last = size - 1;
  barrier_var(last);
  if (last >= sizeof(q->question)) return;
  if (bpf_skb_load_bytes(skb, at, q->question, last + 1) == 0) q->question_len = last + 1;
}

/* No room is a loss: whether it would have been a failure we can't know, as with connects. */
static __always_inline void lose_query(u8 protocol) {
  struct telling t = {};

  if (protocol == NSOBS_PROTO_UDP) owner_by_net_ns(&t.owner, current_task());
  begin_telling(&t, NSOBS_KIND_DNS_FAILURE);
  tally_observed(&t);
  tally_lost(&t, NSOBS_LOST_STATE_FULL);
}

static __always_inline void keep_query(struct __sk_buff* skb, const struct dns_key* key,
                                       const struct dns_packet* packet, u16 port) {
  struct dns_query* q;
  struct sock* sk;
  int error = add_to_map(&dns_queries, key, &no_query);

  if (error == -EEXIST) return; /* asked again with the same id: it is the first that waits */
  if (error) {
    lose_query(packet->protocol);
    return;
  }
  __sync_fetch_and_add(&dns_under_way, 1);
  q = bpf_map_lookup_elem(&dns_queries, key);
  if (!q) return;
  q->sock = (u64)skb->sk; /* through memory it becomes a number that may be computed with */
  sk = (struct sock*)*(volatile u64*)&q->sock;
  q->socket_inode = socket_inode_of(sk);
  if (q->socket_inode == 0) {
    forget(key);
    return;
  }
  q->family = packet->family;
  q->port = port;
  read_asker(q, sk, packet->protocol);
  read_question(q, skb, packet->dns_at + sizeof(struct dns_header));
  q->open_ns = bpf_ktime_get_boot_ns();
  q->sent_ns = q->open_ns;
}

struct dns_scratch_map {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
};

struct dns_scratch_map dns_scratch SEC(".maps");

struct asked {
  u8 address[16];
  u16 port; /* as on the wire */
};

/*
 * Where an unconnected socket sent it, before its own namespace translated that (docker's resolver,
 * 127.0.0.11; a service's address): the answer will come from there. False: connection tracking
 * doesn't know. An interrupt may put another packet into the scratch: the connection has to be the
 * one of this packet.
 */
static __always_inline bool read_asked(struct asked* out, struct __sk_buff* skb,
                                       const struct dns_packet* packet) {
  struct nf_conn* conn;
  u8 address[16] = {};
  u16 port = 0;
  u32 zero = 0;
  u64* scratch = bpf_map_lookup_elem(&dns_scratch, &zero);

  if (!scratch || !bpf_core_type_exists(struct nf_conn)) return false;
  *scratch = (u64)skb;
  conn = (struct nf_conn*)(BPF_CORE_READ((struct sk_buff*)*(volatile u64*)scratch, _nfct) & ~7UL);
  if (!conn) return false;
  BPF_CORE_READ_INTO(&address, conn, tuplehash[1].tuple.src.u3);
  BPF_CORE_READ_INTO(&port, conn, tuplehash[1].tuple.src.u.all);
  if (port != __builtin_bswap16(packet->destination_port)) return false;
  if (__builtin_memcmp(address, packet->destination, sizeof(address)) != 0) return false;
  BPF_CORE_READ_INTO(&out->address, conn, tuplehash[0].tuple.dst.u3);
  BPF_CORE_READ_INTO(&out->port, conn, tuplehash[0].tuple.dst.u.all);
  return true;
}

/* Whom the program asked; returns the port, 0 if it is no name server. */
static __always_inline u16 read_server(struct dns_key* key, struct __sk_buff* skb,
                                       const struct dns_packet* packet, bool connected) {
  struct bpf_sock* sk = skb->sk;
  struct asked asked = {};
  u32 word;

  if (!sk) return 0;
  if (!connected) {
    bool known = read_asked(&asked, skb, packet);

    if (known && asked.port != __builtin_bswap16(DNS_PORT)) return 0;
    if (!known && packet->destination_port != DNS_PORT) return 0;
    __builtin_memcpy(key->server, known ? asked.address : packet->destination, 16);
    return DNS_PORT;
  }
  if (packet->family == AF_INET) {
    word = sk->dst_ip4;
    __builtin_memcpy(key->server, &word, 4);
    return DNS_PORT;
  }
  word = sk->dst_ip6[0];
  __builtin_memcpy(key->server, &word, 4);
  word = sk->dst_ip6[1];
  __builtin_memcpy(key->server + 4, &word, 4);
  word = sk->dst_ip6[2];
  __builtin_memcpy(key->server + 8, &word, 4);
  word = sk->dst_ip6[3];
  __builtin_memcpy(key->server + 12, &word, 4);
  return DNS_PORT;
}

/* Is it a socket of a name server's client? One that is connected elsewhere is none. */
static __always_inline bool may_ask(struct bpf_sock* sk, bool* connected) {
  u16 port;

  if (!sk) return false;
  port = sk->dst_port;
  *connected = port == __builtin_bswap16(DNS_PORT);
  return *connected || port == 0;
}

SEC("cgroup_skb/egress")
int nsobs_dns_query(struct __sk_buff* skb) {
  struct dns_packet packet = {};
  struct dns_header dns = {};
  struct dns_key key = {};
  bool connected = false;
  u16 port;

  if (!may_ask(skb->sk, &connected)) return PASS;
  if (!read_packet_ends(&packet, skb)) return PASS;
  if (bpf_skb_load_bytes(skb, packet.dns_at, &dns, sizeof(dns)) != 0) return PASS;
  if (!is_query(&dns)) return PASS;
  port = read_server(&key, skb, &packet, connected);
  if (port == 0) return PASS;
  key.socket = bpf_get_socket_cookie(skb);
  key.id = packet.protocol == NSOBS_PROTO_UDP ? dns.id : 0;
  key.protocol = packet.protocol;
  keep_query(skb, &key, &packet, port);
  return PASS;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static __always_inline u8 outcome_of(u8 rcode) {
  if (rcode == DNS_RCODE_SERVFAIL) return NSOBS_DNS_SERVFAIL;
  return rcode == DNS_RCODE_REFUSED ? NSOBS_DNS_REFUSED : 0;
}

SEC("cgroup_skb/ingress")
int nsobs_dns_answer(struct __sk_buff* skb) {
  struct ending end = {.answered = 1};
  struct dns_packet packet = {};
  struct dns_header dns = {};
  struct dns_key key = {};
  bool connected = false;
  struct dns_query* q;
  u64 now_ns;
  u16 flags;

  if (!may_ask(skb->sk, &connected) || dns_under_way == 0) return PASS;
  if (!read_packet_ends(&packet, skb) || packet.source_port != DNS_PORT) return PASS;
  if (packet.protocol == NSOBS_PROTO_TCP && skb->len < packet.dns_at) return PASS; /* no payload */
  /* Of TCP's pieces any is an answer, this header in it or not. */
  if (bpf_skb_load_bytes(skb, packet.dns_at, &dns, sizeof(dns)) != 0 &&
      packet.protocol == NSOBS_PROTO_UDP)
    return PASS;
  flags = be16_at(dns.flags);
  if (packet.protocol == NSOBS_PROTO_UDP && !(flags & DNS_RESPONSE)) return PASS;
  key.socket = bpf_get_socket_cookie(skb);
  key.id = packet.protocol == NSOBS_PROTO_UDP ? dns.id : 0;
  key.protocol = packet.protocol;
  __builtin_memcpy(key.server, packet.source, sizeof(key.server));
  q = bpf_map_lookup_elem(&dns_queries, &key);
  if (!q || q->sent_ns == 0) return PASS;
  now_ns = bpf_ktime_get_boot_ns();
  bpf_map_update_elem(&dns_answered, &key.socket, &now_ns, BPF_ANY);
  end.duration_ns = now_ns - q->sent_ns;
  end.rcode = flags & DNS_RESPONSE ? flags & DNS_RCODE : 0;
  end.outcome = outcome_of(end.rcode);
  end_query(&key, q, &end, BY_ANSWER);
  return PASS;
}

/* ---- no answer ------------------------------------------------------------------------------- */

static __always_inline bool was_answered(const struct dns_key* key, u64 since_ns) {
  u64* last_ns = bpf_map_lookup_elem(&dns_answered, &key->socket);

  return last_ns && (s64)(*last_ns - since_ns) >= 0;
}

/*
 * A socket that is closed waits no more. If it had waited for a while, and nothing came to it from
 * any server, then its program gave up; else it is none of our business: it had its answer from
 * another server, or never wanted one.
 */
static long sweep_one(void* map, const struct dns_key* key, struct dns_query* q, u64* now_ns) {
  struct ending end = {.outcome = NSOBS_DNS_NO_ANSWER};
  struct dns_key copy;
  u64 sent_ns = q->sent_ns;

  if (sent_ns == 0) return 0;
  __builtin_memcpy(&copy, key, sizeof(copy));
  if (socket_inode_of((struct sock*)q->sock) == q->socket_inode) {
    q->open_ns = *now_ns;
    end.duration_ns = *now_ns - sent_ns;
    if ((s64)(end.duration_ns - settings.dns_timeout_ns) < 0) return 0;
  } else {
    end.given_up = 1;
    end.duration_ns = q->open_ns - sent_ns;
    if (end.duration_ns < DNS_GIVEN_UP_NS || was_answered(&copy, sent_ns)) {
      forget(&copy);
      return 0;
    }
  }
  end_query(&copy, q, &end, BY_SWEEP);
  return 0;
}

/* Run by userspace (BPF_PROG_TEST_RUN) a few times a second while any query is under way. */
SEC("raw_tp/nsobs_dns_sweep")
int nsobs_dns_sweep(void* ctx) {
  u64 now_ns = bpf_ktime_get_boot_ns();

  bpf_for_each_map_elem(&dns_queries, sweep_one, &now_ns, 0);
  return 0;
}
