// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Changes of namespaces: setns() and unshare() on return, clone() and clone3() as the child is made
 * (and their failures on return). Both identities of all eight kinds.
 * Source: kernel/nsproxy.c, kernel/fork.c.
 */
#include "bpf/lib/beat.h"
#include "bpf/lib/emit.h"
#include "bpf/lib/executable.h"
#include "bpf/lib/open_calls.h"
#include "bpf/lib/program.h"
#include "bpf/lib/syscall_args.h"
#include "bpf/lib/syscall_hook.h"

/* As a child would get them: pid and time are changed for children only. */
static __always_inline void read_namespaces_for_children(struct nsobs_namespaces* out,
                                                         struct task_struct* task) {
  struct nsproxy* proxy = FOLLOW(task, nsproxy);
  struct pid_namespace* children = FOLLOW(proxy, pid_ns_for_children);
  struct own_pid pid = {.ns_inode = FOLLOW(children, ns.inum), .ns_id = NSOBS_NS_ID(children)};

  read_namespaces(out, task, &pid);
  NSOBS_PUT_NS(out, NSOBS_NS_TIME, FOLLOW(proxy, time_ns_for_children));
}

static __always_inline u64 differs(const struct nsobs_namespaces* a,
                                   const struct nsobs_namespaces* b, int kind) {
  return (a->inode[kind] ^ b->inode[kind]) | (a->id[kind] ^ b->id[kind]);
}

/*
 * Without a branch for each kind: the verifier would walk all 2^8 ways through them, here and again
 * in count_change(), which takes it seconds. The barrier keeps the compiler from making branches.
 */
static __always_inline u8 differing(const struct nsobs_namespaces* a,
                                    const struct nsobs_namespaces* b) {
  u8 changed = 0;

#pragma unroll
  for (int kind = 0; kind < NSOBS_NS_KINDS; kind++) {
    u64 bits = differs(a, b, kind), negative = -bits;

    barrier_var(negative);
    changed |= (bits | negative) >> 63 << kind;
  }
  return changed;
}

static __always_inline void owner_by_mnt_ns(struct nsobs_owner_key* key, struct task_struct* task,
                                            const struct nsobs_namespaces* before) {
  struct nsobs_cgroup cgroup;

  read_cgroup(&cgroup, task);
  key->cgroup_id = cgroup.id;
  key->hierarchy = cgroup.hierarchy;
  key->ns_inode = before->inode[NSOBS_NS_MNT];
  key->ns_id = before->id[NSOBS_NS_MNT] ?: before->inode[NSOBS_NS_MNT];
}

static __always_inline void count_change(const struct nsobs_owner_key* owner, u32 operation,
                                         const struct nsobs_namespaces* from,
                                         const struct nsobs_namespaces* to, s32 error) {
  if (error) {
    bump(owner, NSOBS_COUNT_NAMESPACE_FAILURE, operation, error);
    return;
  }
  for (int kind = 0; kind < NSOBS_NS_KINDS; kind++) {
    if (differs(from, to, kind)) bump(owner, NSOBS_COUNT_NAMESPACE_CHANGE, operation, kind);
  }
}

/* Counts and tells; `child` is NULL but for a clone that succeeded. */
static __always_inline void tell_change(const struct nsobs_namespaces* from,
                                        struct task_struct* child, u32 operation, u32 flags,
                                        s32 error) {
  struct task_struct* task = current_task();
  struct nsobs_namespace_change* e;
  struct nsobs_namespaces to;
  struct own_pid child_pid = {};
  struct telling t = {};
  bool critical;
  u8 changed;

  if (child) {
    read_own_pid(&child_pid, child);
    read_namespaces(&to, child, &child_pid);
  } else {
    read_namespaces_for_children(&to, task);
  }
  changed = error ? 0 : differing(from, &to);
  owner_by_mnt_ns(&t.owner, task, from);
  count_change(&t.owner, operation, from, &to, error);

  begin_telling(&t, NSOBS_KIND_NAMESPACE_CHANGE);
  /* Refused calls cost their caller nothing: without a share they would fill the ring for all. */
  critical = within_critical_share(&t);
  e = critical ? reserve_critical(&t, sizeof(*e)) : reserve_bulk(&t, sizeof(*e));
  if (!e) return;
  fill_header(&e->h, &t, sizeof(*e));
  read_process(&e->process, task);
  read_executable(&e->executable, task);
  __builtin_memcpy(&e->from, from, sizeof(*from));
  __builtin_memcpy(&e->to, &to, sizeof(to));
  e->flags = flags;
  e->error = error;
  e->operation = operation;
  e->changed = changed;
  e->pad[0] = e->pad[1] = e->pad[2] = 0;
  e->child_pid = child ? FOLLOW(child, tgid) : 0;
  e->child_ns_pid = child_pid.nr;
  bpf_ringbuf_submit(e, critical ? wakeup_critical(&t) : wakeup_bulk(&t));
}

static __always_inline void enter(u64 flags, u32 beat) {
  struct namespace_call call = {.flags = flags, .beat = beat};
  u64 id = bpf_get_current_pid_tgid();

  forget_namespace_call(id);
  read_namespaces_for_children(&call.from, current_task());
  bpf_map_update_elem(&namespace_calls, &id, &call, BPF_ANY);
}

static __always_inline void leave(u32 operation, long ret) {
  u64 id = bpf_get_current_pid_tgid();
  struct namespace_call* found = bpf_map_lookup_elem(&namespace_calls, &id);
  struct namespace_call call;

  if (!found) return;
  call = *found;
  bpf_map_delete_elem(&namespace_calls, &id);
  tell_change(&call.from, NULL, operation, call.flags, ret < 0 ? -ret : 0);
}

/*
 * The observer's own snapshots join net namespaces, dozens at a time: they are counted as
 * snapshots. Told as entries they would be looked into, which makes more of them.
 */
static __always_inline bool is_own_look(void) {
  struct task_struct* task = current_task();

  return settings.own_zygote_pid &&
         FOLLOW(task, real_parent, real_parent, tgid) == (int)settings.own_zygote_pid;
}

NSOBS_CALLED(setns, 2) {
  if (is_beat(NSOBS_BEAT_SETNS_CALL) || is_own_look()) return 0;
  enter(args->value[1], NSOBS_BEAT_SETNS_RETURN);
  return 0;
}

NSOBS_RETURNED(setns) {
  if (!is_beat(NSOBS_BEAT_SETNS_RETURN)) leave(NSOBS_OP_SETNS, ret);
  return 0;
}

NSOBS_CALLED(unshare, 1) {
  if (is_beat(NSOBS_BEAT_UNSHARE_CALL)) return 0;
  /* unshare() of file tables and the like is no change of namespaces. */
  if (args->value[0] & (CLONE_NEW_ANY | CLONE_NEWTIME))
    enter(args->value[0], NSOBS_BEAT_UNSHARE_RETURN);
  else
    forget_namespace_call(bpf_get_current_pid_tgid());
  return 0;
}

NSOBS_RETURNED(unshare) {
  if (!is_beat(NSOBS_BEAT_UNSHARE_RETURN)) leave(NSOBS_OP_UNSHARE, ret);
  return 0;
}

SEC("tp_btf/task_newtask")
int TRACING_PROG(nsobs_newtask, struct task_struct* child, u64 clone_flags) {
  struct nsobs_namespaces from;
  struct task_struct* task;
  struct own_pid pid;

  /* The kernel has taken the exit signal of clone() out of the flags: CLONE_NEWTIME is itself. */
  if (!(clone_flags & (CLONE_NEW_ANY | CLONE_NEWTIME))) {
    is_beat(NSOBS_BEAT_CLONE);
    return 0;
  }
  task = current_task();
  read_own_pid(&pid, FOLLOW(task, group_leader));
  read_namespaces(&from, task, &pid);
  tell_change(&from, child, NSOBS_OP_CLONE, clone_flags, 0);
  return 0;
}

static __always_inline void fail_clone(u64 flags, long ret) {
  struct nsobs_namespaces from;

  if (!(flags & (CLONE_NEW_ANY | CLONE_NEWTIME)) || ret < -MAX_USER_ERRNO) return;
  read_namespaces_for_children(&from, current_task());
  tell_change(&from, NULL, NSOBS_OP_CLONE, flags, -ret);
}

NSOBS_RETURNED(clone) {
  struct call_args args;

  if (ret >= 0 || is_beat(NSOBS_BEAT_CLONE_FAILURE)) return 0;
  read_call_args(&args);
  fail_clone(args.value[0] & ~CSIGNAL, ret); /* CLONE_NEWTIME is clone3's alone */
  return 0;
}

NSOBS_RETURNED(clone3) {
  struct call_args args;
  u64 flags = 0;

  if (ret >= 0 || is_beat(NSOBS_BEAT_CLONE3_FAILURE)) return 0;
  read_call_args(&args);
  /* struct clone_args begins with the flags; the caller's memory, but the call failed. */
  bpf_probe_read_user(&flags, sizeof(flags), (void*)args.value[0]);
  fail_clone(flags, ret);
  return 0;
}
