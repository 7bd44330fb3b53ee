/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP connects under way, by socket: kept by connect_tcp.bpf.c, looked up by connect_syscall.bpf.c.
 */
#ifndef NSOBS_BPF_LIB_ATTEMPT_H_
#define NSOBS_BPF_LIB_ATTEMPT_H_

#include "bpf/lib/connect.h"

struct attempt {
  struct nsobs_process process;
  struct nsobs_owner_key owner;
  u64 started_ns;
  u64 reported_ns; /* when the caller was told `reported_error` */
  u32 in_flight;
  u32 overflow; /* counted in the overflow entry: its outcome must be too */
  s32 reported_error;
  __be16 remote_port;
  u16 pad;
  u8 local[16]; /* as in struct nsobs_connect_failure */
};

/* By the socket's address: an attempt always ends before its socket is freed. */
struct attempt_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, ATTEMPTS);
  __type(key, __u64); /* struct sock * */
  __type(value, struct attempt);
};

/*
 * Those that the table has no room for. Without bounds, but allocated one by one. Programs that
 * trace may use it since 5.11 (a50a85e40c59); before, what has no room is a loss (`state_full`).
 */
struct more_attempts_map {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct attempt);
};

struct attempt_map attempts SEC(".maps");
struct more_attempts_map more_attempts SEC(".maps");

static __always_inline struct attempt* attempt_of(struct sock* sk) {
  u64 key = (u64)sk;
  struct attempt* attempt = bpf_map_lookup_elem(&attempts, &key);

#ifndef NSOBS_OLD_KERNEL
  if (attempt || !sk->sk_bpf_storage) return attempt; /* a load in place of a call */
  return bpf_sk_storage_get(&more_attempts, sk, 0, 0);
#else
  return attempt;
#endif
}

/* One more than the table has room for. */
static __always_inline bool keep_one_more(struct sock* sk, const struct attempt* attempt) {
#ifndef NSOBS_OLD_KERNEL
  return bpf_sk_storage_get(&more_attempts, sk, (void*)attempt, BPF_SK_STORAGE_GET_F_CREATE);
#else
  return false;
#endif
}

static __always_inline void forget_attempt(struct sock* sk) {
  u64 key = (u64)sk;

  if (bpf_map_delete_elem(&attempts, &key) == 0) return;
#ifndef NSOBS_OLD_KERNEL
  bpf_sk_storage_delete(&more_attempts, sk);
#endif
}

/*
 * connect() has returned this error. An attempt that is still in flight then ended unseen, or goes
 * on although its caller was told of an ICMP message: either way the caller knows of this failure.
 */
static __always_inline void note_returned_error(u64 sock, s32 error) {
  struct attempt* attempt = bpf_map_lookup_elem(&attempts, &sock);

  if (!attempt || !attempt->in_flight || attempt->reported_error) return;
  if (attempt->process.pid != bpf_get_current_pid_tgid() >> 32)
    return; /* the address is another's */
  attempt->reported_ns = bpf_ktime_get_boot_ns();
  attempt->reported_error = error;
}

#endif /* NSOBS_BPF_LIB_ATTEMPT_H_ */
