/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling: a place on a ring, the tallies (observed, lost by cause) and the budget of the bulk
 * ring. Observed is counted when it is decided that an event is told; from there each event is
 * either submitted or counted as lost, by kind and by container.
 */
#ifndef NSOBS_BPF_LIB_EMIT_H_
#define NSOBS_BPF_LIB_EMIT_H_

#include "bpf/lib/count.h"

#define WAKEUP_PERIOD_NS 5000000 /* RingReaderOptions::period */
#define RATE_STEP_NS 1000000     /* tokens are added in steps of a millisecond */

/* What one cgroup may put on the critical ring of what it can do without end; more goes to bulk. */
#define CRITICAL_PER_SECOND 2000
#define CRITICAL_BURST 500
#define NSOBS_CRITICAL_SHARE (~0ULL) /* in place of a namespace's id in the key of `budgets` */

/*
 * Half of each ring is for those who hardly use it: what one cgroup may add to a ring that is more
 * than half full. Some thirty that flood at once leave room for a neighbour.
 */
#define QUIET_PER_SECOND 100
#define QUIET_BURST 50
#define NSOBS_QUIET_SHARE (~1ULL)

/*
 * Exec and exit of the host's processes have a bucket of their own, which the observer's own budget
 * leaves alone: runtimes are among them, and containers are named by what those ran.
 */
#define NSOBS_CONTEXT_SHARE (~2ULL)

struct telling {
  struct nsobs_owner_key owner;
  u64 now_ns;
  u32 epoch;
  u32 kind;
};

static __always_inline void tally_observed(const struct telling* t) {
  u32 slot = (t->epoch & 1) * 16 + (t->kind & 15);
  struct nsobs_tally* tally = bpf_map_lookup_elem(&tallies, &slot);

  /* Atomic: an interrupt on this CPU may run another program between load and store. */
  if (tally) __sync_fetch_and_add(&tally->observed, 1);
}

static __always_inline void tally_lost(const struct telling* t, u32 cause) {
  u32 slot = (t->epoch & 1) * 16 + (t->kind & 15);
  struct nsobs_tally* tally = bpf_map_lookup_elem(&tallies, &slot);
  struct nsobs_loss_key key = {.owner = t->owner, .kind = t->kind, .cause = cause};
  u64 zero = 0, *value;

  if (tally) __sync_fetch_and_add(&tally->lost[cause], 1);
  value = bpf_map_lookup_elem(&losses, &key);
  if (!value) {
    bpf_map_update_elem(&losses, &key, &zero, BPF_NOEXIST);
    value = bpf_map_lookup_elem(&losses, &key);
  }
  if (value) __sync_fetch_and_add(value, 1);
}

/* One token of a bucket. Approximate under concurrency, by design: never a lock. */
static __always_inline bool take_token_of(const struct nsobs_owner_key* owner, u64 now_ns,
                                          u64 rate_per_second, u64 burst) {
  struct budget* budget = bpf_map_lookup_elem(&budgets, owner);
  u64 elapsed, added;
  s64 tokens;

  if (!budget) {
    struct budget fresh = {.tokens = burst, .refilled_ns = now_ns};
    bpf_map_update_elem(&budgets, owner, &fresh, BPF_ANY);
    return true;
  }
  elapsed = now_ns - budget->refilled_ns;
  if ((s64)elapsed > RATE_STEP_NS) {
    if (elapsed > 10000000000ULL) elapsed = 10000000000ULL; /* no overflow of the product */
    added = elapsed * rate_per_second / 1000000000ULL;
    /* The time towards the next token stays: else who asks more often than they come gets none. */
    if (added) {
      tokens = budget->tokens + added;
      if (tokens > (s64)burst) tokens = burst;
      budget->tokens = tokens;
      budget->refilled_ns = now_ns - (elapsed - added * 1000000000ULL / rate_per_second);
    }
  }
  if (budget->tokens <= 0) return false;
  __sync_fetch_and_add(&budget->tokens, -1);
  return true;
}

/* By cgroup alone: a mount namespace of one's own is made too easily. */
static __always_inline bool take_share(const struct telling* t, u64 share, u64 rate_per_second,
                                       u64 burst) {
  struct nsobs_owner_key key = t->owner;

  key.ns_inode = 0;
  key.ns_id = share;
  return take_token_of(&key, t->now_ns, rate_per_second, burst);
}

static __always_inline bool take_token(const struct telling* t) {
  return take_token_of(&t->owner, t->now_ns, settings.bulk_rate_per_second, settings.bulk_burst);
}

/* For exec and exit. IsContext() of userspace/collector/owner_key.h says the same of a record. */
static __always_inline bool take_process_token(const struct telling* t) {
  if (t->owner.ns_inode != NSOBS_HOST_PID_INODE) return take_token(t);
  return take_share(t, NSOBS_CONTEXT_SHARE, settings.context_rate_per_second,
                    settings.context_burst);
}

/* The lower half of a ring is anybody's. */
static __always_inline bool has_room(const struct telling* t, void* ring, u64 quarter_bytes) {
  return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < 2 * quarter_bytes ||
         take_share(t, NSOBS_QUIET_SHARE, QUIET_PER_SECOND, QUIET_BURST);
}

static __always_inline bool has_room_bulk(const struct telling* t) {
  return has_room(t, &bulk, constants.ring_quarter_bytes_bulk);
}

/*
 * Whether a container may still have room on the critical ring for what it can do as often as it
 * likes.
 */
static __always_inline bool within_critical_share(const struct telling* t) {
  return take_share(t, NSOBS_CRITICAL_SHARE, CRITICAL_PER_SECOND, CRITICAL_BURST) &&
         has_room(t, &critical, constants.ring_quarter_bytes_critical);
}

static __always_inline void begin_telling(struct telling* t, u32 kind) {
  t->kind = kind;
  t->epoch = settings.epoch & 1;
  t->now_ns = bpf_ktime_get_boot_ns();
}

static __always_inline void fill_header(struct nsobs_header* h, const struct telling* t, u32 size) {
  h->version = NSOBS_ABI_VERSION;
  h->size = size;
  h->kind = t->kind;
  h->epoch = t->epoch;
  h->cpu = bpf_get_smp_processor_id();
  h->boot_ns = t->now_ns;
}

/*
 * Room on the critical ring, or NULL after counting the loss. Under floods it has refused single
 * records of a neighbour, for want of room or of its lock (which of them is not known): the other
 * ring has another.
 */
static __always_inline void* reserve_critical(const struct telling* t, u32 size) {
  void* record;

  tally_observed(t);
  record = bpf_ringbuf_reserve(&critical, size, 0);
  if (!record) record = bpf_ringbuf_reserve(&bulk, size, 0);
  if (!record) tally_lost(t, NSOBS_LOST_RING_FULL);
  return record;
}

/* Room on the bulk ring for whom its bucket had a token, or NULL after counting the loss. */
static __always_inline void* reserve_bulk_with(const struct telling* t, u32 size, bool token) {
  void* record = NULL;

  tally_observed(t);
  if (!token) {
    tally_lost(t, NSOBS_LOST_BUDGET);
    return NULL;
  }
  if (has_room_bulk(t)) record = bpf_ringbuf_reserve(&bulk, size, 0);
  if (!record) tally_lost(t, NSOBS_LOST_RING_FULL);
  return record;
}

static __always_inline void* reserve_bulk(const struct telling* t, u32 size) {
  return reserve_bulk_with(t, size, take_token(t));
}

/* Room for an exec or an exit. */
static __always_inline void* reserve_process(const struct telling* t, u32 size) {
  return reserve_bulk_with(t, size, take_process_token(t));
}

/*
 * A wake-up costs the observed process 4 us, so there is one at most in each WAKEUP_PERIOD_NS,
 * after which the reader looks by itself until nothing comes any more; and when a ring fills up.
 * Two CPUs may both think that it's their turn: that is one wake-up too many, no harm.
 */
static __always_inline u64 wakeup(const struct telling* t, void* ring, u64 quarter_bytes) {
  if ((s64)(t->now_ns - last_wakeup_ns) > WAKEUP_PERIOD_NS) {
    last_wakeup_ns = t->now_ns;
    return BPF_RB_FORCE_WAKEUP;
  }
  return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > quarter_bytes ? BPF_RB_FORCE_WAKEUP
                                                                    : BPF_RB_NO_WAKEUP;
}

static __always_inline u64 wakeup_critical(const struct telling* t) {
  return wakeup(t, &critical, constants.ring_quarter_bytes_critical);
}

static __always_inline u64 wakeup_bulk(const struct telling* t) {
  return wakeup(t, &bulk, constants.ring_quarter_bytes_bulk);
}

#endif /* NSOBS_BPF_LIB_EMIT_H_ */
