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

/* A process's number in its own pid namespace and that namespace, as /proc/PID/ns/pid shows it. */
struct own_pid {
  u32 nr;
  u32 ns_inode;
  u64 ns_id; /* 0 where the kernel has none */
};

static __always_inline void read_own_pid(struct own_pid* out, struct task_struct* task) {
  struct pid* pid = task->thread_pid;
  u32 level = pid->level;
  struct upid upid = {};

  if (level == 0) { /* of the host: an offset that the verifier knows, so that it's plain loads */
    struct pid_namespace* host = pid->numbers[0].ns;

    out->nr = pid->numbers[0].nr;
    out->ns_inode = host->ns.inum;
    out->ns_id = NSOBS_NS_ID(host->ns);
    return;
  }
  bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[level & 31]);
  out->nr = upid.nr;
  out->ns_inode = BPF_CORE_READ(upid.ns, ns.inum);
  out->ns_id = 0;
  if (bpf_core_field_exists(struct ns_common, ns_id)) out->ns_id = BPF_CORE_READ(upid.ns, ns.ns_id);
}

static __always_inline void read_namespaces(struct nsobs_namespaces* out, struct task_struct* task,
                                            const struct own_pid* pid) {
  struct nsproxy* proxy = task->nsproxy;

  NSOBS_PUT_NS(out, NSOBS_NS_CGROUP, proxy->cgroup_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_IPC, proxy->ipc_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_MNT, proxy->mnt_ns);
  out->inode[NSOBS_NS_NET] = proxy->net_ns->ns.inum;
  out->id[NSOBS_NS_NET] = net_id(proxy->net_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_TIME, proxy->time_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_USER, task->real_cred->user_ns);
  NSOBS_PUT_NS(out, NSOBS_NS_UTS, proxy->uts_ns);
  out->inode[NSOBS_NS_PID] = pid->ns_inode;
  out->id[NSOBS_NS_PID] = pid->ns_id;
}

static __always_inline void read_cgroup_of(struct nsobs_cgroup* out, struct cgroup* cgroup) {
  out->id = cgroup->kn->id;
  out->level = cgroup->level;
  out->hierarchy = cgroup->root->hierarchy_id;
}

static __always_inline struct cgroup_subsys_state* memory_css(struct task_struct* task) {
  u32 index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);

  return task->cgroups->subsys[index & 15];
}

static __always_inline void read_memory_cgroup(struct nsobs_cgroup* out, struct task_struct* task) {
  read_cgroup_of(out, memory_css(task)->cgroup);
}

/* The unified cgroup, or the v1 memory one where the task is in the root of the unified. */
static __always_inline void read_cgroup(struct nsobs_cgroup* out, struct task_struct* task) {
  struct cgroup* unified = task->cgroups->dfl_cgrp;

  read_cgroup_of(out, unified);
  if (out->level == 0 && constants.memory_hierarchy != 0) read_memory_cgroup(out, task);
}

/* By words: plain loads, where copying the text would be a call. */
static __always_inline void read_comm(u64* out, struct task_struct* task) {
  out[0] = *(u64*)task->comm;
  out[1] = *(u64*)(task->comm + 8);
}

static __always_inline void read_process(struct nsobs_process* out, struct task_struct* task) {
  struct task_struct* leader = task->group_leader;
  struct own_pid pid;

  read_own_pid(&pid, leader);
  out->start_boot_ns = leader->start_boottime;
  read_cgroup(&out->cgroup, task);
  read_namespaces(&out->ns, task, &pid);
  out->pid = task->tgid;
  out->tid = task->pid;
  out->ns_pid = pid.nr;
  out->parent_pid = task->real_parent->tgid;
  out->uid = task->real_cred->uid.val;
  out->login_uid = bpf_core_field_exists(struct task_struct, loginuid) ? task->loginuid.val : ~0U;
  read_comm((u64*)out->comm, task);
}

#endif /* NSOBS_BPF_LIB_PROCESS_H_ */
