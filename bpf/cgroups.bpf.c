// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Births and deaths of cgroups with their path, in the two hierarchies that name containers.
 * Context for naming: always on the critical ring, not told to the timeline.
 * Source: cgroup_mkdir(), cgroup_rmdir() in kernel/cgroup/cgroup.c.
 */
#include "bpf/lib/emit.h"
#include "bpf/lib/program.h"

static __always_inline void tell_cgroup(struct cgroup* cgroup, const char* path, bool born) {
  struct nsobs_cgroup_change* e;
  struct telling t = {};
  u32 hierarchy = cgroup->root->hierarchy_id;
  long len;

  if (hierarchy != 0 && hierarchy != constants.memory_hierarchy) return;
  t.owner.cgroup_id = cgroup->kn->id;
  t.owner.hierarchy = hierarchy;
  begin_telling(&t, NSOBS_KIND_CGROUP_CHANGE);
  e = reserve_critical(&t, sizeof(*e));
  if (!e) return;
  fill_header(&e->h, &t, sizeof(*e));
  read_cgroup_of(&e->cgroup, cgroup);
  e->born = born;
  e->pad = 0;
  __builtin_memset(e->path, 0, sizeof(e->path));
  len = bpf_probe_read_kernel_str(e->path, sizeof(e->path), path);
  e->path_len = len > 0 ? len - 1 : 0;
  e->truncated = len == sizeof(e->path);
  bpf_ringbuf_submit(e, wakeup_critical(&t));
}

SEC("tp_btf/cgroup_mkdir")
int TRACING_PROG(nsobs_cgroup_mkdir, struct cgroup* cgroup, const char* path) {
  tell_cgroup(cgroup, path, true);
  return 0;
}

SEC("tp_btf/cgroup_rmdir")
int TRACING_PROG(nsobs_cgroup_rmdir, struct cgroup* cgroup, const char* path) {
  tell_cgroup(cgroup, path, false);
  return 0;
}
