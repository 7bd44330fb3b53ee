// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * OOM kills. mark_victim runs in the task whose allocation failed, with the victim as argument; it
 * was a pid before 6.10 but in some stable kernels: there the verifier refuses the first program
 * below.
 *
 * Which limit was reached is not among the arguments. The memory controller counts MEMCG_OOM on the
 * cgroup whose limit it is just before it picks the victim, so of the victim's cgroup and its
 * ancestors it is the one whose count moved since we last looked, or, where no count is known, the
 * nearest that has no room left. None: the host is out of memory.
 * Source: mem_cgroup_oom(), mem_cgroup_out_of_memory() in mm/memcontrol.c, mm/oom_kill.c.
 */
#include "bpf/lib/emit.h"
#include "bpf/lib/program.h"

#define MAX_ANCESTORS 16
#define HEADROOM_PAGES 64 /* a charge is tried in batches of this size (MEMCG_CHARGE_BATCH) */

/* MEMCG_OOM count of a memory cgroup when we last looked. */
struct oom_count_map {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64); /* struct mem_cgroup * */
  __type(value, __u64);
};

struct oom_count_map oom_counts SEC(".maps");

/*
 * What follows is arithmetic on masks, all bits set or none: with branches the verifier would walk
 * every way through every level of cgroups, some 130,000 instructions.
 */

static __always_inline u64 mask_if_count_moved(struct mem_cgroup* memcg) {
  u64 key = (u64)memcg, now = 0, before = 0, differs, *seen;

  if (!bpf_core_field_exists(struct mem_cgroup, memory_events_local)) return 0;
  bpf_probe_read_kernel(&now, sizeof(now), &memcg->memory_events_local[MEMCG_OOM]);
  seen = bpf_map_lookup_elem(&oom_counts, &key);
  if (seen) before = *seen;
  differs = before ^ now;
  bpf_map_update_elem(&oom_counts, &key, &now, BPF_ANY);
  barrier_var(differs);
  differs |= -differs;
  return (s64)differs >> 63;
}

static __always_inline u64 mask_if_no_room(struct mem_cgroup* memcg) {
  u64 usage = BPF_CORE_READ(memcg, memory.usage.counter);
  u64 room = BPF_CORE_READ(memcg, memory.max) - usage - HEADROOM_PAGES - 1;

  barrier_var(room);
  return (s64)room >> 63;
}

static __always_inline u64 mask_if_zero(u64 value) {
  barrier_var(value);
  value |= -value;
  return ~(u64)((s64)value >> 63);
}

/*
 * The best candidate: count moved and no room, then no room; nearest first. NULL: the host. No
 * count of steps is kept: the verifier would follow each of its values.
 */
static __always_inline struct mem_cgroup* find_limit(u64 css_address) {
  struct cgroup_subsys_state* css = (struct cgroup_subsys_state*)css_address;
  u64 full = 0, moved = 0;

  for (u32 i = 0; i < MAX_ANCESTORS; i++) {
    struct mem_cgroup* memcg = (struct mem_cgroup*)css; /* css is its first member */
    u64 here;

    if (!css) break;
    here = (u64)memcg & mask_if_no_room(memcg);
    full |= here & mask_if_zero(full);
    moved |= here & mask_if_count_moved(memcg) & mask_if_zero(moved);
    css = BPF_CORE_READ(css, parent);
  }
  return (struct mem_cgroup*)(moved ?: full);
}

static __always_inline u64 pages_to_bytes(s64 pages) {
  return pages > 0 ? pages * constants.page_bytes : 0;
}

/* A macro: CO-RE knows the size of the running kernel's elements only if the index is constant. */
#define RSS_BYTES(mm, member)                                                                      \
  ({                                                                                               \
    s64 pages = 0;                                                                                 \
    if (bpf_core_field_exists(((struct mm_struct___before_6_2*)0)->rss_stat.count))                \
      pages = BPF_CORE_READ((struct mm_struct___before_6_2*)(mm), rss_stat.count[member].counter); \
    else                                                                                           \
      pages = BPF_CORE_READ(mm, rss_stat[member].count);                                           \
    pages_to_bytes(pages);                                                                         \
  })

static __always_inline void read_limit(struct nsobs_oom_kill* e, struct mem_cgroup* memcg) {
  e->limit_bytes = ~0ULL;
  if (!memcg) return;
  e->limit_bytes = BPF_CORE_READ(memcg, memory.max) * constants.page_bytes;
  e->usage_bytes = BPF_CORE_READ(memcg, memory.usage.counter) * constants.page_bytes;
  e->limit.id = BPF_CORE_READ(memcg, css.cgroup, kn, id);
  e->limit.level = BPF_CORE_READ(memcg, css.cgroup, level);
  e->limit.hierarchy = BPF_CORE_READ(memcg, css.cgroup, root, hierarchy_id);
}

/* A plain number: the verifier lets nobody calculate with its pointers. */
static __always_inline u64 memory_css_address(struct task_struct* task) {
  u32 index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
  u64 address = 0;

  bpf_probe_read_kernel(&address, sizeof(address), &FOLLOW(task, cgroups)->subsys[index & 15]);
  return address;
}

static __always_inline int tell_oom(struct task_struct* victim) {
  u64 own = memory_css_address(victim);
  struct mem_cgroup* limit = find_limit(own);
  struct nsobs_oom_kill* e;
  struct telling t = {};
  u32 reason;

  reason = !limit ? NSOBS_OOM_HOST : (u64)limit == own ? NSOBS_OOM_CGROUP : NSOBS_OOM_ANCESTOR;
  owner_by_pid_ns(&t.owner, victim);
  bump(&t.owner, NSOBS_COUNT_OOM_KILL, reason, 0);
  begin_telling(&t, NSOBS_KIND_OOM_KILL);
  e = reserve_critical(&t, sizeof(*e));
  if (!e) return 0;
  __builtin_memset(e, 0, sizeof(*e));
  fill_header(&e->h, &t, sizeof(*e));
  read_process(&e->victim, victim);
  read_process(&e->trigger, current_task());
  read_memory_cgroup(&e->victim_memory, victim);
  read_limit(e, limit);
  e->anon_bytes = RSS_BYTES(victim->mm, MM_ANONPAGES);
  e->file_bytes = RSS_BYTES(victim->mm, MM_FILEPAGES);
  e->shmem_bytes = RSS_BYTES(victim->mm, MM_SHMEMPAGES);
  e->oom_score_adj = victim->signal->oom_score_adj;
  e->reason = reason;
  bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
  return 0;
}

SEC("tp_btf/mark_victim")
int TRACING_PROG(nsobs_mark_victim, struct task_struct* victim) { return tell_oom(victim); }

/* Where mark_victim has a pid: the function that sends the signal, just before it says so. */
SEC("fentry/__oom_kill_process")
int TRACING_PROG(nsobs_oom_kill, struct task_struct* victim) { return tell_oom(victim); }
