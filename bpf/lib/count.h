/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exact counters: bumped first, whatever becomes of the event afterwards. */
#ifndef NSOBS_BPF_LIB_COUNT_H_
#define NSOBS_BPF_LIB_COUNT_H_

#include "bpf/lib/maps.h"
#include "bpf/lib/process.h"

/* The owner by the task's cgroup and its own pid namespace: whose signals and OOM kills are
 * counted. */
static __always_inline void owner_by_pid_ns(struct nsobs_owner_key* key, struct task_struct* task) {
  struct nsobs_cgroup cgroup;
  struct own_pid pid;

  read_own_pid(&pid, FOLLOW(task, group_leader));
  read_cgroup(&cgroup, task);
  key->cgroup_id = cgroup.id;
  key->hierarchy = cgroup.hierarchy;
  key->ns_inode = pid.ns_inode;
  key->ns_id = pid.ns_id ?: pid.ns_inode;
}

/* The owner by the task's cgroup and its net namespace: whose connects are counted. */
static __always_inline void owner_by_net_ns(struct nsobs_owner_key* key, struct task_struct* task) {
  struct net* net = FOLLOW(task, nsproxy, net_ns);
  struct nsobs_cgroup cgroup;

  read_cgroup(&cgroup, task);
  key->cgroup_id = cgroup.id;
  key->hierarchy = cgroup.hierarchy;
  key->ns_inode = FOLLOW(net, ns.inum);
  key->ns_id = net_id(net);
  if (key->ns_id == 0) key->ns_id = key->ns_inode;
}

static __always_inline u32 overflow_slot(u32 family, u32 a, u32 b) {
  bool by_errno = family == NSOBS_COUNT_CONNECT_FAILURE ||
                  family == NSOBS_COUNT_NAMESPACE_FAILURE || family == NSOBS_COUNT_BIND_FAILURE ||
                  family == NSOBS_COUNT_FILE_FAILURE;
  u32 stride = by_errno ? 256 : 8;

  return family * OVERFLOW_PER_FAMILY + ((a * stride + b) & (OVERFLOW_PER_FAMILY - 1));
}

static __always_inline void bump_overflow(u32 family, u32 a, u32 b) {
  u32 slot = overflow_slot(family, a, b), used_slot = NSOBS_OVERFLOW_USED;
  u64* value = bpf_map_lookup_elem(&counters_overflow, &slot);
  u64* used = bpf_map_lookup_elem(&counters_overflow, &used_slot);

  if (used && *used == 0) *used = 1;
  if (value) __sync_fetch_and_add(value, 1);
}

static __always_inline void bump(const struct nsobs_owner_key* owner, u16 family, u16 a, u32 b) {
  struct nsobs_counter_key key = {
      .cgroup_id = owner->cgroup_id,
      .ns_id = owner->ns_id,
      .hierarchy = owner->hierarchy,
      .ns_inode = owner->ns_inode,
      .family = family,
      .a = a,
      .b = b,
  };
  u64* value = bpf_map_lookup_elem(&counters, &key);
  u64 zero = 0;

  if (!value) {
    /* Two CPUs may both come here: the one that is second finds the first one's entry. */
    bpf_map_update_elem(&counters, &key, &zero, BPF_NOEXIST);
    value = bpf_map_lookup_elem(&counters, &key);
  }
  if (value)
    __sync_fetch_and_add(value, 1);
  else
    bump_overflow(family, a, b);
}

#endif /* NSOBS_BPF_LIB_COUNT_H_ */
