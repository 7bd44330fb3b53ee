// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Signals: every one is counted by target, signal and result; those that settings name are told.
 * Source: kernel/signal.c, __send_signal_locked() and get_signal().
 */
#include "bpf/lib/beat.h"
#include "bpf/lib/runs.h"

#include <bpf/bpf_tracing.h>

#define PTR_SEND_SIG_PRIV 1

static __always_inline u32 disposition(struct task_struct* task, int sig) {
  /* A plain number: the verifier lets no BTF pointer grow by an index. */
  u64 address = (u64)BPF_CORE_READ(task, sighand);
  void* handler = NULL;

  /* CO-RE does not know the size of the kernel's elements for an index that varies: say it. */
  address += bpf_core_field_offset(struct sighand_struct, action);
  address += (u64)(sig - 1) * bpf_core_type_size(struct k_sigaction);
  address += bpf_core_field_offset(struct sigaction, sa_handler);
  bpf_probe_read_kernel(&handler, sizeof(handler), (void*)address);
  return (u64)handler > 1 ? 2 : (u64)handler;
}

/* What became of it, as far as the moment of sending decides. */
static __always_inline u32 result_of(struct task_struct* task, int sig, int group, int result) {
  switch (result) {
    case TRACE_SIGNAL_IGNORED:
      return NSOBS_SIGNAL_IGNORED;
    case TRACE_SIGNAL_ALREADY_PENDING:
      return NSOBS_SIGNAL_PENDING;
    case TRACE_SIGNAL_OVERFLOW_FAIL:
    case TRACE_SIGNAL_LOSE_INFO:
      return NSOBS_SIGNAL_OVERFLOW;
  }
  if (sig == SIGKILL || sig == SIGSTOP) return NSOBS_SIGNAL_DELIVERED;
  if (!(FOLLOW(task, blocked.sig[0]) >> (sig - 1) & 1)) return NSOBS_SIGNAL_DELIVERED;
  /* Another thread of the process may take what this one blocks. */
  return group && FOLLOW(task, signal, nr_threads) > 1 ? NSOBS_SIGNAL_PENDING
                                                       : NSOBS_SIGNAL_BLOCKED;
}

/* Sent by a call of the current task, or by the kernel (fault, OOM, terminal, timer, child)? */
static __always_inline bool by_kernel(struct kernel_siginfo* info, s32* code) {
  u64 special = (u64)info;

  if (special == 0) { /* SEND_SIG_NOINFO */
    *code = SI_USER;
    return false;
  }
  if (special == PTR_SEND_SIG_PRIV) {
    *code = SI_KERNEL;
    return true;
  }
  *code = BPF_CORE_READ(info, si_code); /* since 6.13 (838a10bd2ebf) no pointer to the verifier */
  return *code > 0 || !(*code == SI_USER || *code == SI_QUEUE || *code == SI_TKILL);
}

static __always_inline bool is_signal_told(int sig, u32 result) {
  u64 bit = 1ULL << (sig - 1);

  return settings.told_signals & bit ||
         (result == NSOBS_SIGNAL_IGNORED && settings.told_ignored_signals & bit);
}

/* What an event says apart from who. */
struct what {
  s32 signal;
  s32 code;
  u8 result;
  u8 group;
  u8 by_kernel;
  u8 handler;
};

/* Equal in these: same sender, target and outcome, counted for the same cgroup. */
static __always_inline void make_key(struct run_key* key, const struct what* what,
                                     struct task_struct* target, struct task_struct* sender) {
  struct nsobs_cgroup cgroup;
  u64* w = key->words;

  read_cgroup(&cgroup, target);
  w[0] = (u64)FOLLOW(target, tgid) << 32 | (u32)FOLLOW(sender, tgid);
  w[1] = FOLLOW(target, group_leader, start_boottime);
  w[2] = FOLLOW(sender, group_leader, start_boottime);
  w[3] = (u64)what->signal << 32 | (u32)what->code;
  w[4] = (u64)cgroup.hierarchy << 32 | what->result << 24 | what->group << 16 |
         what->by_kernel << 8 | what->handler;
  w[5] = cgroup.id;
  read_comm(w + 6, sender);
}

static __always_inline void tell(const struct what* what, struct task_struct* target) {
  struct task_struct* sender = current_task();
  struct run_key key = {};
  struct telling t = {};
  struct nsobs_signal* e;
  struct nsobs_run* run;
  u64 number;
  u32 index;

  make_key(&key, what, target, sender);
  run = run_slot(NSOBS_RUN_SIGNAL, &key, &index);
  if (joins_run(run, &key)) return;

  owner_by_pid_ns(&t.owner, target);
  bump(&t.owner, NSOBS_COUNT_SIGNAL, what->signal, what->result);
  begin_telling(&t, NSOBS_KIND_SIGNAL);
  e = reserve_bulk(&t, sizeof(*e));
  if (!e) return;
  fill_header(&e->h, &t, sizeof(*e));
  read_process(&e->target, target);
  read_process(&e->sender, sender);
  e->signal = what->signal;
  e->code = what->code;
  e->result = what->result;
  e->group = what->group;
  e->by_kernel = what->by_kernel;
  e->handler = what->handler;
  e->pad = 0;
  number = begin_run(run, index, &key, &t, NSOBS_COUNT_SIGNAL, what->signal, what->result);
  e->run = number;
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
  publish_run(run, number);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(nsobs_signal_generate, int sig, struct kernel_siginfo* info, struct task_struct* task,
             int group, int trace_result) {
  struct nsobs_owner_key owner = {};
  struct what what = {.signal = sig};

  if (sig < 1 || sig > 64 || is_beat(NSOBS_BEAT_SIGNAL_GENERATE)) return 0;
  what.result = result_of(task, sig, group, trace_result);
  if (is_signal_told(sig, what.result)) {
    what.group = group != 0;
    what.by_kernel = by_kernel(info, &what.code);
    what.handler = disposition(task, sig);
    tell(&what, task);
    return 0;
  }
  owner_by_pid_ns(&owner, task);
  bump(&owner, NSOBS_COUNT_SIGNAL, sig, what.result);
  return 0;
}

/* Runs in the target as it takes a signal from its queue. */
SEC("tp_btf/signal_deliver")
int BPF_PROG(nsobs_signal_deliver, int sig, struct kernel_siginfo* info, struct k_sigaction* ka) {
  struct task_struct* task = current_task();
  u64 handler = (u64)BPF_CORE_READ(ka, sa.sa_handler);
  struct nsobs_owner_key owner = {};

  if (sig < 1 || sig > 64 || is_beat(NSOBS_BEAT_SIGNAL_DELIVER)) return 0;
  owner_by_pid_ns(&owner, task);
  bump(&owner, NSOBS_COUNT_SIGNAL_DELIVERED, sig, handler > 1 ? 2 : handler);
  return 0;
}
