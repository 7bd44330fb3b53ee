/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps and settings that more than one program uses.
 *
 * Counters are one shared hash with atomic adds rather than a per-CPU hash: a scrape reads each
 * value once instead of once a CPU, memory does not grow with the CPUs, and the counters of one
 * struct keep their order for a reader (see nsobs_tcp_connects). Preallocated: programs run in
 * any context, also where the kernel before 6.1 may not allocate.
 */
#ifndef NSOBS_BPF_LIB_MAPS_H_
#define NSOBS_BPF_LIB_MAPS_H_

#include "bpf/event_abi.h"
#include "bpf/lib/types.h"

#include <bpf/bpf_helpers.h>

/* Makes the verifier refuse the program: the kernel does not give what it needs. */
static __always_inline void refuse(void) { asm volatile("r0 = *(u64*)(r10 + 8)" ::: "r0"); }

/*
 * Adds what is not there yet: 0 or a negative errno. The cast is what makes it negative: before 6.4
 * (d7ba4cc900bf) the verifier calls the map's own function, which returned an int, and what the
 * upper half of the register holds is not its sign.
 */
static __always_inline int add_to_map(void* map, const void* key, const void* value) {
  return (int)bpf_map_update_elem(map, key, value, BPF_NOEXIST);
}

#define COUNTER_KEYS 32768
#define OVERFLOW_PER_FAMILY 2048
#define OWNER_KEYS 8192
#define ATTEMPTS 8192     /* TCP connects under way at once; more cost more */
#define MISSED_RETURNS 64 /* a power of two, at least NSOBS_BEATS */
#define CALLS 8192        /* threads inside one of the hooked calls at once */

_Static_assert(NSOBS_BEATS <= MISSED_RETURNS, "a slot each");

struct critical_ring {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 2 << 20); /* set again from the configuration before load */
};

struct bulk_ring {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 8 << 20);
};

struct counter_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, COUNTER_KEYS);
  __type(key, struct nsobs_counter_key);
  __type(value, __u64);
};

/* Where counts go when counter_map is full: exact, but without the container. */
struct overflow_map {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, NSOBS_COUNT_END* OVERFLOW_PER_FAMILY);
  __type(key, __u32);
  __type(value, __u64);
};

struct tcp_connect_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, OWNER_KEYS);
  __type(key, struct nsobs_owner_key);
  __type(value, struct nsobs_tcp_connects);
};

struct tcp_overflow_map {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct nsobs_tcp_connects);
};

struct tally_map {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 32); /* epoch * 16 + kind */
  __type(key, __u32);
  __type(value, struct nsobs_tally);
};

struct loss_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, OWNER_KEYS);
  __type(key, struct nsobs_loss_key);
  __type(value, __u64);
};

struct budget {
  s64 tokens;
  u64 refilled_ns;
};

struct budget_map {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, OWNER_KEYS);
  __type(key, struct nsobs_owner_key);
  __type(value, struct budget);
};

/* Mapped into the observer (BPF_F_MMAPABLE, Linux 5.5), which thus looks without a syscall. */
struct run_map {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, NSOBS_RUN_KINDS* NSOBS_RUN_SLOTS); /* times the CPUs: set before load */
  __type(key, __u32);
  __type(value, struct nsobs_run);
};

struct critical_ring critical SEC(".maps");
struct bulk_ring bulk SEC(".maps");
struct counter_map counters SEC(".maps");
struct overflow_map counters_overflow SEC(".maps");
struct tcp_connect_map tcp_connects SEC(".maps");
struct tcp_overflow_map tcp_connects_overflow SEC(".maps");
struct tally_map tallies SEC(".maps");
struct loss_map losses SEC(".maps");
struct budget_map budgets SEC(".maps");
struct run_map runs SEC(".maps");

/* Written by userspace while programs run, hence volatile. */
volatile struct nsobs_settings settings SEC(".data.settings");

/* By enum nsobs_beat: how often, and on which CPU the last time. One thread at a time counts here.
 */
volatile __u64 beats[NSOBS_BEATS] SEC(".data.beats");
volatile __u32 beat_cpus[NSOBS_BEATS] SEC(".data.beats");

/* By enum nsobs_beat of the return: lib/missed.h. */
__u64 missed_returns[MISSED_RETURNS] SEC(".data.missed");

/* When the reader was woken last. Racy, and good enough. */
volatile __u64 last_wakeup_ns SEC(".data.wakeup");

/* What userspace knows at load. */
const volatile struct nsobs_constants constants SEC(".rodata.constants");

#endif /* NSOBS_BPF_LIB_MAPS_H_ */
