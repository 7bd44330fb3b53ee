/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who a task is: namespaces, cgroup, pids, names. Plain loads through BTF pointers (a whole set of
 * namespaces in 14 ns); a bad or null pointer on the way reads as 0, which means "not known".
 */
#ifndef NSOBS_BPF_LIB_PROCESS_H_
#define NSOBS_BPF_LIB_PROCESS_H_

#include "bpf/lib/constants.h"
#include "bpf/lib/maps.h"
#include "bpf/lib/types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define NSOBS_NS_ID(common) (bpf_core_field_exists(struct ns_common, ns_id) ? (common).ns_id : 0)

#define NSOBS_PUT_NS(out, kind, pointer)          \
  do {                                            \
    (out)->inode[kind] = (pointer)->ns.inum;      \
    (out)->id[kind] = NSOBS_NS_ID((pointer)->ns); \
  } while (0)

static __always_inline u64 net_id(struct net* net) {
  if (bpf_core_field_exists(struct ns_common, ns_id)) return net->ns.ns_id;
  if (bpf_core_field_exists(struct net, net_cookie)) return net->net_cookie;
  return 0;
}

/* The pid inside the task's own pid namespace and that namespace, as /proc/PID/ns/pid shows it. */
static __always_inline struct upid innermost_pid(struct task_struct* task) {
  struct upid upid = {};
  struct pid* pid = task->thread_pid;
  u32 level = pid->level;

  bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[level & 31]);
  return upid;
}

static __always_inline void read_namespaces(struct nsobs_namespaces* out, struct task_struct* task,
                                            struct pid_namespace* pid_ns) {
  struct nsproxy* proxy = task->nsproxy;

  NSOBS_PUT_NS(out, NSOBS_NS_CGROUP, proxy->cgroup_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_IPC, proxy->ipc_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_MNT, proxy->mnt_ns);
  out->inode[NSOBS_NS_NET] = proxy->net_ns->ns.inum;
  out->id[NSOBS_NS_NET] = net_id(proxy->net_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_TIME, proxy->time_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_USER, task->real_cred->user_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_UTS, proxy->uts_ns);

  /* pid_ns came out of a copied struct upid: not a BTF pointer any more. */
  out->inode[NSOBS_NS_PID] = BPF_CORE_READ(pid_ns, ns.inum);
  out->id[NSOBS_NS_PID] = 0;
  if (bpf_core_field_exists(struct ns_common, ns_id))
    out->id[NSOBS_NS_PID] = BPF_CORE_READ(pid_ns, ns.ns_id);
}

static __always_inline void read_cgroup_of(struct nsobs_cgroup* out, struct cgroup* cgroup) {
  out->id = cgroup->kn->id;
  out->level = cgroup->level;
  out->hierarchy = cgroup->root->hierarchy_id;
}

static __always_inline struct cgroup_subsys_state* memory_css(struct task_struct* task) {
  struct css_set* set = task->cgroups;
  u32 index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
  struct cgroup_subsys_state* css = NULL;

  bpf_probe_read_kernel(&css, sizeof(css), &set->subsys[index & 15]);
  return css;
}

static __always_inline void read_memory_cgroup(struct nsobs_cgroup* out, struct task_struct* task) {
  struct cgroup* cgroup = BPF_CORE_READ(memory_css(task), cgroup);

  out->id = BPF_CORE_READ(cgroup, kn, id);
  out->level = BPF_CORE_READ(cgroup, level);
  out->hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id);
}

/* The unified cgroup, or the v1 memory one where the task is in the root of the unified. */
static __always_inline void read_cgroup(struct nsobs_cgroup* out, struct task_struct* task) {
  struct cgroup* unified = task->cgroups->dfl_cgrp;

  read_cgroup_of(out, unified);
  if (out->level == 0 && constants.memory_hierarchy != 0) read_memory_cgroup(out, task);
}

static __always_inline void read_process(struct nsobs_process* out, struct task_struct* task) {
  struct task_struct* leader = task->group_leader;
  struct upid upid = innermost_pid(leader);

  out->start_boot_ns = leader->start_boottime;
  read_cgroup(&out->cgroup, task);
  read_namespaces(&out->ns, task, upid.ns);
  out->pid = task->tgid;
  out->tid = task->pid;
  out->ns_pid = upid.nr;
  out->parent_pid = task->real_parent->tgid;
  out->uid = task->real_cred->uid.val;
  out->login_uid = bpf_core_field_exists(struct task_struct, loginuid) ? task->loginuid.val : ~0U;
  bpf_probe_read_kernel(out->comm, sizeof(out->comm), task->comm);
}

#endif /* NSOBS_BPF_LIB_PROCESS_H_ */
