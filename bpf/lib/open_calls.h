/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Threads inside setns(), unshare(), bind() and listen(): what is kept from the call to its return.
 */
#ifndef NSOBS_BPF_LIB_OPEN_CALLS_H_
#define NSOBS_BPF_LIB_OPEN_CALLS_H_

#include "bpf/lib/missed.h"

struct namespace_call {
  struct nsobs_namespaces from;
  u64 flags;
  u64 beat; /* enum nsobs_beat of the return */
};

struct namespace_call_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, CALLS);
  __type(key, __u64); /* pid_tgid */
  __type(value, struct namespace_call);
};

struct bind_call {
  u64 sockaddr; /* the caller's, untrusted */
  u32 sockaddr_len;
  u16 family;
  u16 port;
  u8 protocol;
  u8 operation;
  u8 pad[6];
  u8 address[16]; /* listen: what the socket is bound to */
};

struct bind_call_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, CALLS);
  __type(key, __u64); /* pid_tgid */
  __type(value, struct bind_call);
};

struct namespace_call_map namespace_calls SEC(".maps");
struct bind_call_map bind_calls SEC(".maps");

/*
 * What this thread's last setns() or unshare() left behind, if its return was missed: the next one
 * must not be taken for it.
 */
static __always_inline void forget_namespace_call(u64 id) {
  struct namespace_call* stale = bpf_map_lookup_elem(&namespace_calls, &id);

  if (!stale) return;
  note_missed(stale->beat);
  bpf_map_delete_elem(&namespace_calls, &id);
}

static __always_inline void forget_bind_call(u64 id) {
  struct bind_call* stale = bpf_map_lookup_elem(&bind_calls, &id);

  if (!stale) return;
  note_missed(stale->operation == NSOBS_BIND_LISTEN ? NSOBS_BEAT_LISTEN_RETURN
                                                    : NSOBS_BEAT_BIND_RETURN);
  bpf_map_delete_elem(&bind_calls, &id);
}

#endif /* NSOBS_BPF_LIB_OPEN_CALLS_H_ */
