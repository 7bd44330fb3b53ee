/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who a task is: namespaces, cgroup, pids, names. Plain loads through BTF pointers (a whole set of
 * namespaces in 14 ns; older kernels: lib/task.h); a bad or null pointer on the way reads as 0,
 * which means "not known".
 */
#ifndef NSOBS_BPF_LIB_PROCESS_H_
#define NSOBS_BPF_LIB_PROCESS_H_

#include "bpf/lib/constants.h"
#include "bpf/lib/maps.h"
#include "bpf/lib/task.h"
#include "bpf/lib/types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define NSOBS_NS_ID(pointer) \
  (bpf_core_field_exists(struct ns_common, ns_id) ? FOLLOW(pointer, ns.ns_id) : 0)

#define NSOBS_PUT_NS(out, kind, pointer)              \
  do {                                                \
    __auto_type ns_pointer = (pointer);               \
    (out)->inode[kind] = FOLLOW(ns_pointer, ns.inum); \
    (out)->id[kind] = NSOBS_NS_ID(ns_pointer);        \
  } while (0)

static __always_inline u64 net_id(struct net* net) {
  if (bpf_core_field_exists(struct ns_common, ns_id)) return FOLLOW(net, ns.ns_id);
  if (bpf_core_field_exists(struct net, net_cookie)) return FOLLOW(net, net_cookie);
  return 0;
}

/* A process's number in its own pid namespace and that namespace, as /proc/PID/ns/pid shows it. */
struct own_pid {
  u32 nr;
  u32 ns_inode;
  u64 ns_id; /* 0 where the kernel has none */
};

static __always_inline void read_own_pid(struct own_pid* out, struct task_struct* task) {
  struct pid* pid = FOLLOW(task, thread_pid);
  u32 level = FOLLOW(pid, level);
  struct upid upid = {};

  if (level == 0) { /* of the host: an offset that the verifier knows, so that it's plain loads */
    struct pid_namespace* host = FOLLOW(pid, numbers[0].ns);

    out->nr = FOLLOW(pid, numbers[0].nr);
    out->ns_inode = FOLLOW(host, ns.inum);
    out->ns_id = NSOBS_NS_ID(host);
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
  struct nsproxy* proxy = FOLLOW(task, nsproxy);
  struct net* net = FOLLOW(proxy, net_ns);

  NSOBS_PUT_NS(out, NSOBS_NS_CGROUP, FOLLOW(proxy, cgroup_ns));
  NSOBS_PUT_NS(out, NSOBS_NS_IPC, FOLLOW(proxy, ipc_ns));
  NSOBS_PUT_NS(out, NSOBS_NS_MNT, FOLLOW(proxy, mnt_ns));
  out->inode[NSOBS_NS_NET] = FOLLOW(net, ns.inum);
  out->id[NSOBS_NS_NET] = net_id(net);
  NSOBS_PUT_NS(out, NSOBS_NS_TIME, FOLLOW(proxy, time_ns));
  NSOBS_PUT_NS(out, NSOBS_NS_USER, FOLLOW(task, real_cred, user_ns));
  NSOBS_PUT_NS(out, NSOBS_NS_UTS, FOLLOW(proxy, uts_ns));
  out->inode[NSOBS_NS_PID] = pid->ns_inode;
  out->id[NSOBS_NS_PID] = pid->ns_id;
}

static __always_inline void read_cgroup_of(struct nsobs_cgroup* out, struct cgroup* cgroup) {
  out->id = FOLLOW(cgroup, kn, id);
  out->level = FOLLOW(cgroup, level);
  out->hierarchy = FOLLOW(cgroup, root, hierarchy_id);
}

static __always_inline struct cgroup_subsys_state* memory_css(struct task_struct* task) {
  u32 index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);

#ifdef NSOBS_OLD_KERNEL
  struct css_set* set = BPF_CORE_READ(task, cgroups);
  struct cgroup_subsys_state* css = NULL;

  bpf_probe_read_kernel(&css, sizeof(css), &set->subsys[index & 15]);
  return css;
#else
  return task->cgroups->subsys[index & 15];
#endif
}

static __always_inline void read_memory_cgroup(struct nsobs_cgroup* out, struct task_struct* task) {
  struct cgroup_subsys_state* css = memory_css(task);

  read_cgroup_of(out, FOLLOW(css, cgroup));
}

/* The unified cgroup, or the v1 memory one where the task is in the root of the unified. */
static __always_inline void read_cgroup(struct nsobs_cgroup* out, struct task_struct* task) {
  struct cgroup* unified = FOLLOW(task, cgroups, dfl_cgrp);

  read_cgroup_of(out, unified);
  if (out->level == 0 && constants.memory_hierarchy != 0) read_memory_cgroup(out, task);
}

/* By words: plain loads, where copying the text would be a call. */
static __always_inline void read_comm(u64* out, struct task_struct* task) {
#ifdef NSOBS_OLD_KERNEL
  bpf_probe_read_kernel(out, 16, task->comm);
#else
  out[0] = *(u64*)task->comm;
  out[1] = *(u64*)(task->comm + 8);
#endif
}

static __always_inline void read_process(struct nsobs_process* out, struct task_struct* task) {
  struct task_struct* leader = FOLLOW(task, group_leader);
  struct own_pid pid;

  read_own_pid(&pid, leader);
  out->start_boot_ns = FOLLOW(leader, start_boottime);
  read_cgroup(&out->cgroup, task);
  read_namespaces(&out->ns, task, &pid);
  out->pid = FOLLOW(task, tgid);
  out->tid = FOLLOW(task, pid);
  out->ns_pid = pid.nr;
  out->parent_pid = FOLLOW(task, real_parent, tgid);
  out->uid = FOLLOW(task, real_cred, uid.val);
  out->login_uid =
      bpf_core_field_exists(struct task_struct, loginuid) ? FOLLOW(task, loginuid.val) : ~0U;
  read_comm((u64*)out->comm, task);
}

#endif /* NSOBS_BPF_LIB_PROCESS_H_ */
