// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Packets that the packet filter dropped: TCP SYNs and UDP datagrams, which is what a program
 * waits for in vain. Everything else that kfree_skb() frees pays one compare.
 * Source: nf_hook_slow() in net/netfilter/core.c. The reason is there since 5.17, its value for
 * netfilter since 5.18: without them the verifier refuses the program, and the source is off.
 */
#include "bpf/lib/connect.h"
#include "bpf/lib/program.h"

#define IPV6_OPTIONS_MAX 4
#define TCP_FLAGS_AT 13
#define TCP_SYN_ACK 0x12
#define TCP_SYN 0x02

struct packet {
  u64 transport; /* address of the transport header */
  u64 end;       /* of what lies in one piece behind skb->head */
  u16 family;
  u8 protocol; /* IPPROTO_* */
  u8 source[16];
  u8 destination[16];
  u16 source_port;
  u16 destination_port;
};

static __always_inline bool read_ipv4(struct packet* out, u64 at) {
  u8 header[20] = {};

  bpf_probe_read_kernel(header, sizeof(header), (void*)at);
  if (header[0] >> 4 != 4) return false;
  if ((header[6] & 0x1f) || header[7]) return false; /* a later fragment has no ports */
  out->family = AF_INET;
  out->protocol = header[9];
  out->transport = at + (header[0] & 15) * 4;
  __builtin_memcpy(out->source, header + 12, 4);
  __builtin_memcpy(out->destination, header + 16, 4);
  return true;
}

/* Hop-by-hop, routing, destination options. */
static __always_inline bool is_ipv6_option(u8 next) {
  return next == 0 || next == 43 || next == 60;
}

static __always_inline bool read_ipv6(struct packet* out, u64 at) {
  u8 header[40] = {}, option[2];
  int i;

  bpf_probe_read_kernel(header, sizeof(header), (void*)at);
  if (header[0] >> 4 != 6) return false;
  out->family = AF_INET6;
  out->protocol = header[6];
  out->transport = at + sizeof(header);
  __builtin_memcpy(out->source, header + 8, 16);
  __builtin_memcpy(out->destination, header + 24, 16);
  for (i = 0; i < IPV6_OPTIONS_MAX && is_ipv6_option(out->protocol); ++i) {
    if (out->transport + sizeof(option) > out->end) return false;
    bpf_probe_read_kernel(option, sizeof(option), (void*)out->transport);
    out->protocol = option[0];
    out->transport += (option[1] + 1) * 8;
  }
  return true;
}

/* A SYN or a datagram, in bounds; anything else is not told. */
static __always_inline bool read_packet(struct packet* out, struct sk_buff* skb) {
  u64 at = (u64)skb->head + skb->network_header;
  u16 protocol = __builtin_bswap16(skb->protocol);
  u8 transport[14] = {};
  u32 need;

  out->end = (u64)skb->data + (skb->len - skb->data_len);
  if (protocol == ETH_P_IP) {
    if (!read_ipv4(out, at)) return false;
  } else if (protocol != ETH_P_IPV6 || !read_ipv6(out, at)) {
    return false;
  }
  if (out->protocol != IPPROTO_TCP && out->protocol != IPPROTO_UDP) return false;
  need = out->protocol == IPPROTO_TCP ? sizeof(transport) : 8;
  if (out->transport + need > out->end) return false;
  bpf_probe_read_kernel(transport, sizeof(transport), (void*)out->transport);
  if (out->protocol == IPPROTO_TCP && (transport[TCP_FLAGS_AT] & TCP_SYN_ACK) != TCP_SYN)
    return false;
  out->source_port = transport[0] << 8 | transport[1];
  out->destination_port = transport[2] << 8 | transport[3];
  return true;
}

static __always_inline struct dst_entry* route_of(struct sk_buff* skb) {
  struct dst_entry* dst = (struct dst_entry*)(skb->_skb_refdst & SKB_DST_PTRMASK);

  return dst && BPF_CORE_READ(dst, flags) & DST_METADATA ? NULL : dst;
}

/* What was received has the interface's number in skb_iif; crossing to another namespace clears it.
 */
static __always_inline u8 hook_of(struct sk_buff* skb, u16 family) {
  struct dst_entry* dst = route_of(skb);
  bool forwarded;

  if (skb->skb_iif == 0) return NSOBS_HOOK_OUTPUT;
  if (!dst) return NSOBS_HOOK_PREROUTING;
  if (family == AF_INET6)
    forwarded = !(BPF_CORE_READ((struct rt6_info*)dst, rt6i_flags) & RTF_LOCAL);
  else
    forwarded = BPF_CORE_READ((struct rtable*)dst, rt_type) == RTN_UNICAST;
  return forwarded ? NSOBS_HOOK_FORWARD : NSOBS_HOOK_INPUT;
}

/* Output has no device in the packet yet: it is the route's. */
static __always_inline struct net_device* device_of(struct sk_buff* skb) {
  struct net_device* dev = BPF_CORE_READ(skb, dev);

  return dev ?: BPF_CORE_READ(route_of(skb), dev);
}

/*
 * Is this packet on its way out of the call that sent it? It is a program's own socket's (a
 * tunnel's packet still carries the inner one's: other ports), and has no link header yet (with
 * one, it may have waited for the neighbour's address). Repeated SYNs are sent by a timer, whose
 * current task is anybody; all else of these two protocols passes output and postrouting inside the
 * sender's call.
 */
static __always_inline bool sent_by_current(struct sk_buff* skb, const struct packet* packet,
                                            struct sock* sk) {
  if (FOLLOW(current_task(), flags) & PF_KTHREAD) return false;
  if ((u64)skb->data != (u64)skb->head + skb->network_header) return false;
  if (BPF_CORE_READ(sk, sk_protocol) != packet->protocol) return false;
  if (BPF_CORE_READ(sk, __sk_common.skc_num) != packet->source_port) return false;
  if (packet->protocol == IPPROTO_UDP) return true;
  return BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_SYN_SENT &&
         BPF_CORE_READ((struct inet_connection_sock*)sk, icsk_retransmits) == 0;
}

/* Who sent it, or of a repeated SYN the cgroup of its socket: all that is known then. */
static __always_inline void read_sender(struct nsobs_process* out, struct sk_buff* skb,
                                        const struct packet* packet) {
  struct sock* sk = BPF_CORE_READ(skb, sk);
  struct cgroup* cgroup;

  /* Without a file it is the kernel's own socket, or nobody's any more. */
  if (!sk || !BPF_CORE_READ(sk, sk_socket, file)) return;
  if (sent_by_current(skb, packet, sk)) {
    read_process(out, current_task());
    return;
  }
  if (!bpf_core_field_exists(struct sock_cgroup_data, cgroup)) return;
  cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
  out->cgroup.id = BPF_CORE_READ(cgroup, kn, id);
  out->cgroup.level = BPF_CORE_READ(cgroup, level);
}

static __always_inline void read_place(struct nsobs_packet_drop* e, struct net_device* dev,
                                       struct sk_buff* skb) {
  struct net* net =
      dev ? BPF_CORE_READ(dev, nd_net.net) : BPF_CORE_READ(skb, sk, __sk_common.skc_net.net);

  e->net_inode = BPF_CORE_READ(net, ns.inum);
  if (bpf_core_field_exists(struct ns_common, ns_id))
    e->net_id = BPF_CORE_READ(net, ns.ns_id);
  else if (bpf_core_field_exists(struct net, net_cookie))
    e->net_id = BPF_CORE_READ(net, net_cookie);
  if (dev) bpf_probe_read_kernel(e->interface, sizeof(e->interface), dev->name);
}

static __always_inline void fill_drop(struct nsobs_packet_drop* e, const struct packet* packet,
                                      struct sk_buff* skb) {
  e->hook = hook_of(skb, packet->family);
  e->family = packet->family;
  e->protocol = packet->protocol == IPPROTO_TCP ? NSOBS_PROTO_TCP : NSOBS_PROTO_UDP;
  e->source_port = packet->source_port;
  e->destination_port = packet->destination_port;
  __builtin_memcpy(e->source, packet->source, 16);
  __builtin_memcpy(e->destination, packet->destination, 16);
  read_place(e, device_of(skb), skb);
  if (e->hook == NSOBS_HOOK_OUTPUT) read_sender(&e->process, skb, packet);
  if (e->process.pid) return;
  e->process.ns.inode[NSOBS_NS_NET] = e->net_inode;
  e->process.ns.id[NSOBS_NS_NET] = e->net_id;
}

SEC("tp_btf/kfree_skb")
int TRACING_PROG(nsobs_packet_drop, struct sk_buff* skb, void* location,
                 enum skb_drop_reason reason) {
  struct nsobs_packet_drop drop = {}, *e;
  struct packet packet = {};
  struct telling t = {};

  if (reason != bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NETFILTER_DROP)) return 0;
  if (!read_packet(&packet, skb)) return 0;
  fill_drop(&drop, &packet, skb);
  t.owner.cgroup_id = drop.process.cgroup.id;
  t.owner.hierarchy = drop.process.cgroup.hierarchy;
  t.owner.ns_inode = drop.net_inode;
  t.owner.ns_id = drop.net_id ?: drop.net_inode;
  bump(&t.owner, NSOBS_COUNT_PACKET_DROP, drop.protocol, drop.hook);
  begin_telling(&t, NSOBS_KIND_PACKET_DROP);
  fill_header(&drop.h, &t, sizeof(drop));
  e = reserve_bulk(&t, sizeof(drop));
  if (!e) return 0;
  __builtin_memcpy(e, &drop, sizeof(drop));
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
  return 0;
}
