// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every process that there is, as events show processes: what runs already when the observer
 * starts, and again at each reconciliation. Runs only while userspace reads the iterator, under
 * RCU.
 */
#include "bpf/lib/process.h"

#include <bpf/bpf_tracing.h>

#define TRIES 3

/*
 * A set of namespaces is freed at once when its last user ends or changes it, RCU or not (kernel
 * function put_nsproxy()): what was read counts only if the task still has the same set afterwards.
 */
static __always_inline void read_other_process(struct nsobs_process* out,
                                               struct task_struct* task) {
  struct nsproxy *before, *after;
  int i;

  for (i = 0; i < TRIES; i++) {
    before = BPF_CORE_READ(task, nsproxy);
    barrier();
    read_process(out, task);
    barrier();
    after = BPF_CORE_READ(task, nsproxy);
    if (before && before == after) return;
  }
  __builtin_memset(&out->ns, 0, sizeof(out->ns)); /* not known */
}

SEC("iter/task")
int nsobs_host_task(struct bpf_iter__task* ctx) {
  struct task_struct* task = ctx->task;
  struct nsobs_host_task out = {};

  if (!task || task->pid != task->tgid || task->flags & PF_KTHREAD) return 0;
  out.zombie = task->exit_state != 0;
  read_other_process(&out.process, task);
  bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
  return 0;
}
