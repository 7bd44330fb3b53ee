/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which containers an expensive source is switched on for: by cgroup, set by userspace. */
#ifndef NSOBS_BPF_LIB_WATCH_H_
#define NSOBS_BPF_LIB_WATCH_H_

#include "bpf/lib/process.h"

#define WATCHED_CGROUPS 1024
/* A container's own cgroups lie at most this deep below the watched one. */
#define WATCHED_DEPTH 8

struct watched_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, WATCHED_CGROUPS);
  __type(key, struct nsobs_watched);
  __type(value, __u32);
};

struct watched_map watched_cgroups SEC(".maps");

static __always_inline struct cgroup* naming_cgroup(struct task_struct* task) {
  struct cgroup* unified = FOLLOW(task, cgroups, dfl_cgrp);

  if (FOLLOW(unified, level) == 0 && constants.memory_hierarchy != 0)
    return BPF_CORE_READ(memory_css(task), cgroup);
  return unified;
}

/* Is the task in a watched cgroup or below one? */
static __always_inline bool is_watched(struct task_struct* task) {
  struct cgroup* cgroup = naming_cgroup(task);
  struct nsobs_watched key = {.hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id)};
  int i;

  for (i = 0; i < WATCHED_DEPTH && cgroup; ++i) {
    key.id = BPF_CORE_READ(cgroup, kn, id);
    if (bpf_map_lookup_elem(&watched_cgroups, &key)) return true;
    cgroup = BPF_CORE_READ(cgroup, self.parent, cgroup);
  }
  return false;
}

#endif /* NSOBS_BPF_LIB_WATCH_H_ */
