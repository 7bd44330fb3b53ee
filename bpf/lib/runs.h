/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs of equal events, counted without a record: see struct nsobs_run. What an event of a run
 * costs is a comparison and one addition; reading who it was, budget, hash and ring are saved.
 */
#ifndef NSOBS_BPF_LIB_RUNS_H_
#define NSOBS_BPF_LIB_RUNS_H_

#include "bpf/lib/emit.h"

/* Of the event at hand; userspace compares the same things again (coalescer.h). */
struct run_key {
  u64 words[NSOBS_RUN_KEY_WORDS];
};

/* NULL only on a CPU with a number beyond what userspace made room for. */
static __always_inline struct nsobs_run* run_slot(u32 kind, const struct run_key* key, u32* index) {
  u64 hash = 0;

#pragma unroll
  for (int i = 0; i < NSOBS_RUN_KEY_WORDS; i++) hash ^= key->words[i];
  hash *= 0x9e3779b97f4a7c15ULL;
  *index = (bpf_get_smp_processor_id() * NSOBS_RUN_KINDS + kind) * NSOBS_RUN_SLOTS +
           (hash >> 32) % NSOBS_RUN_SLOTS;
  return bpf_map_lookup_elem(&runs, index);
}

static __always_inline bool has_key(const struct nsobs_run* run, const struct run_key* key) {
  u64 differs = 0;

#pragma unroll
  for (int i = 0; i < NSOBS_RUN_KEY_WORDS; i++) differs |= run->key[i] ^ key->words[i];
  return differs == 0;
}

static __always_inline bool is_open(volatile struct nsobs_run* run) {
  return run->run != run->closed;
}

/*
 * Is the run young enough for one more? Reading the clock costs a third of what an event of a run
 * does, and jiffies are a load: so the clock is read once a tick.
 */
static __always_inline bool still_runs(struct nsobs_run* run) {
  u64 tick = bpf_jiffies64();
  u64 now_ns;

  if (tick == run->last_tick) return true;
  now_ns = bpf_ktime_get_boot_ns();
  if (now_ns - run->last_ns >= settings.run_window_ns) return false;
  run->last_ns = now_ns;
  run->last_tick = tick;
  return true;
}

/* True if the event was counted as one more of an open run: nothing is left to do. */
static __always_inline bool joins_run(struct nsobs_run* run, const struct run_key* key) {
  volatile struct nsobs_run* shared = run;
  bool joined = false;

  if (!run || !is_open(run) || shared->busy || !has_key(run, key)) return false;
  shared->busy = 1;
  /* Again: an interrupt may have begun another run between the look and `busy`. */
  if (is_open(run) && has_key(run, key) && still_runs(run)) {
    __sync_fetch_and_add(&run->counted[settings.epoch & 1], 1);
    joined = true;
  }
  shared->busy = 0;
  return joined;
}

/*
 * The event at hand, which has its place on the ring, begins a run, if the slot is free: 0 if not.
 * Begun by begin_run(), and open once publish_run() said so, after the record was submitted.
 */
static __always_inline u64 begin_run(struct nsobs_run* run, u32 index, const struct run_key* key,
                                     const struct telling* t, u16 family, u16 a, u32 b) {
  volatile struct nsobs_run* shared = run;

  if (!run || settings.run_window_ns == 0 || shared->busy) return 0;
  shared->busy = 1;
  if (is_open(run)) {
    shared->busy = 0;
    return 0;
  }
  __builtin_memcpy(run->key, key, sizeof(run->key));
  run->counter.cgroup_id = t->owner.cgroup_id;
  run->counter.ns_id = t->owner.ns_id;
  run->counter.hierarchy = t->owner.hierarchy;
  run->counter.ns_inode = t->owner.ns_inode;
  run->counter.family = family;
  run->counter.a = a;
  run->counter.b = b;
  run->base[0] = run->counted[0];
  run->base[1] = run->counted[1];
  run->last_ns = t->now_ns;
  run->last_tick = 0; /* the next one reads the clock */
  run->begun++;
  return (u64)index << NSOBS_RUN_SLOT_SHIFT | run->begun;
}

/* The submission before it was a full barrier: who sees the number sees all of the run. */
static __always_inline void publish_run(struct nsobs_run* run, u64 number) {
  volatile struct nsobs_run* shared = run;

  if (!run || number == 0) return;
  shared->run = number;
  shared->busy = 0;
}

#endif /* NSOBS_BPF_LIB_RUNS_H_ */
