/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A DNS message in a packet, and the queries that are under way. RFC 1035 4.1 and 4.2. */
#ifndef NSOBS_BPF_LIB_DNS_H_
#define NSOBS_BPF_LIB_DNS_H_

#include "bpf/lib/emit.h"

#define DNS_PORT 53
#define DNS_QUERIES 2048             /* under way at once, of all containers */
#define DNS_GIVEN_UP_NS 900000000ULL /* a closed socket that waited less has told us nothing */

#define DNS_RESPONSE 0x8000 /* QR */
#define DNS_RCODE 0x000f
#define DNS_RCODE_SERVFAIL 2
#define DNS_RCODE_REFUSED 5
/*
 * QR, opcode, AA, TC, RA, Z and RCODE are zero in a query. RD is set in what a program asks its
 * resolver; a resolver that asks its way down from the root sets none, and meets silence all day.
 */
#define DNS_QUERY_MASK 0xffcf
#define DNS_QUERY_FLAGS 0x0100

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* include/net/netfilter/nf_conntrack.h; without connection tracking the kernel has none of it. */
union nf_inet_addr {
  __u32 all[4];
};

struct nf_conntrack_man {
  union nf_inet_addr u3;
  union {
    __be16 all;
  } u;
};

struct nf_conntrack_tuple {
  struct nf_conntrack_man src;
  struct {
    union nf_inet_addr u3;
    union {
      __be16 all;
    } u;
  } dst;
};

struct nf_conntrack_tuple_hash {
  struct nf_conntrack_tuple tuple;
};

struct nf_conn {
  struct nf_conntrack_tuple_hash tuplehash[2];
};

#pragma clang attribute pop

struct dns_header {
  u16 id; /* as on the wire: only compared */
  u8 flags[2];
  u8 counts[8]; /* questions, answers, authorities, additional */
};

struct dns_packet {
  u32 dns_at; /* offset of the DNS header */
  u16 family;
  u16 source_port;
  u16 destination_port;
  u8 protocol; /* enum nsobs_protocol */
  u8 source[16];
  u8 destination[16];
};

struct dns_key {
  u64 socket; /* cookie: never another socket's */
  u8 server[16];
  u16 id; /* 0 for TCP, where one query at a time is kept */
  u8 protocol;
  u8 pad[5];
};

struct dns_query {
  u64 sent_ns;      /* 0: not whole yet */
  u64 open_ns;      /* when the socket was seen open last */
  u64 sock;         /* struct sock *, read with care: it may be gone */
  u64 socket_inode; /* tells it from the next one at the same address */
  u64 net_id;
  u32 net_inode;
  u16 family;
  u16 port;
  u32 question_len;
  u32 pad;
  struct nsobs_process process;
  char question[NSOBS_DNS_QUESTION_LEN];
};

/* How a query ends. */
struct ending {
  u64 duration_ns;
  u8 outcome; /* enum nsobs_dns_outcome; 0: well */
  u8 answered;
  u8 rcode;
  u8 given_up;
};

struct dns_query_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, DNS_QUERIES);
  __type(key, struct dns_key);
  __type(value, struct dns_query);
};

/* When a socket had its last answer, from whatever server. */
struct dns_answered_map {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, DNS_QUERIES);
  __type(key, __u64); /* cookie */
  __type(value, __u64);
};

static __always_inline u16 be16_at(const u8* bytes) { return bytes[0] << 8 | bytes[1]; }

/* The socket's inode; 0: it has no file (the kernel's own, or closed). */
static __always_inline u64 socket_inode_of(struct sock* sk) {
  struct socket_alloc* socket = (struct socket_alloc*)BPF_CORE_READ(sk, sk_socket);

  if (!socket || !BPF_CORE_READ(socket, socket.file)) return 0;
  return BPF_CORE_READ(socket, vfs_inode.i_ino);
}

/* Addresses; returns the length of the header, 0 for what is not plain UDP or TCP. */
static __always_inline u32 read_ip(struct dns_packet* out, struct __sk_buff* skb, u8* next) {
  u8 header[40] = {};

  if (skb->protocol == __builtin_bswap16(ETH_P_IP)) {
    if (bpf_skb_load_bytes(skb, 0, header, 20) != 0) return 0;
    if ((header[6] & 0x1f) || header[7]) return 0; /* a later fragment has no ports */
    out->family = AF_INET;
    *next = header[9];
    __builtin_memcpy(out->source, header + 12, 4);
    __builtin_memcpy(out->destination, header + 16, 4);
    return (header[0] & 15) * 4;
  }
  if (skb->protocol != __builtin_bswap16(ETH_P_IPV6)) return 0;
  if (bpf_skb_load_bytes(skb, 0, header, 40) != 0) return 0;
  out->family = AF_INET6;
  *next = header[6];
  __builtin_memcpy(out->source, header + 8, 16);
  __builtin_memcpy(out->destination, header + 24, 16);
  return 40;
}

/* Ports and where the DNS message begins. */
static __always_inline bool read_packet_ends(struct dns_packet* out, struct __sk_buff* skb) {
  u8 transport[14] = {}, next = 0;
  u32 at = read_ip(out, skb, &next);

  if (at == 0) return false;
  if (next == IPPROTO_UDP) {
    if (bpf_skb_load_bytes(skb, at, transport, 8) != 0) return false;
    out->protocol = NSOBS_PROTO_UDP;
    out->dns_at = at + 8;
  } else if (next == IPPROTO_TCP) {
    if (bpf_skb_load_bytes(skb, at, transport, sizeof(transport)) != 0) return false;
    out->protocol = NSOBS_PROTO_TCP;
    out->dns_at = at + (transport[12] >> 4) * 4 + 2; /* behind the length of the message */
  } else {
    return false;
  }
  out->source_port = be16_at(transport);
  out->destination_port = be16_at(transport + 2);
  return true;
}

/* A standard query with one question and nothing else but additional records (EDNS). */
static __always_inline bool is_query(const struct dns_header* h) {
  if ((be16_at(h->flags) & DNS_QUERY_MASK) != DNS_QUERY_FLAGS) return false;
  return be16_at(h->counts) == 1 && be16_at(h->counts + 2) == 0 && be16_at(h->counts + 4) == 0;
}

#endif /* NSOBS_BPF_LIB_DNS_H_ */
