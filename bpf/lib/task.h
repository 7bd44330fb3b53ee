/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The current task, and the way from a task to what it points at.
 *
 * Since 5.11 (3ca1032ab7ab) the current task is a pointer that the verifier follows: each step is a
 * plain load. Before, it is a number, and each step is a call of bpf_probe_read_kernel(): the same
 * sources are compiled once more with NSOBS_OLD_KERNEL, into an object that is loaded before 5.15,
 * up to which the helper for a call's arguments (lib/syscall_args.h) is missing, too. There every
 * task is followed by calls, also one that a tracepoint gives, since both pass the same functions.
 */
#ifndef NSOBS_BPF_LIB_TASK_H_
#define NSOBS_BPF_LIB_TASK_H_

#include "bpf/lib/types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * FOLLOW(task, nsproxy, net_ns) is task->nsproxy->net_ns. A bad or null pointer on the way reads
 * as 0, here as there.
 */
#ifdef NSOBS_OLD_KERNEL
#define FOLLOW(from, ...) BPF_CORE_READ(from, __VA_ARGS__)
#else
#define NSOBS_STEP_1(a) ->a
#define NSOBS_STEP_2(a, ...) ->a NSOBS_STEP_1(__VA_ARGS__)
#define NSOBS_STEP_3(a, ...) ->a NSOBS_STEP_2(__VA_ARGS__)
#define NSOBS_STEP_4(a, ...) ->a NSOBS_STEP_3(__VA_ARGS__)
#define NSOBS_STEPS(_1, _2, _3, _4, which, ...) which
#define FOLLOW(from, ...)                                                   \
  ((from)NSOBS_STEPS(__VA_ARGS__, NSOBS_STEP_4, NSOBS_STEP_3, NSOBS_STEP_2, \
                     NSOBS_STEP_1, )(__VA_ARGS__))
#endif

static __always_inline struct task_struct* current_task(void) {
#ifdef NSOBS_OLD_KERNEL
  return (struct task_struct*)bpf_get_current_task();
#else
  return bpf_get_current_task_btf();
#endif
}

#endif /* NSOBS_BPF_LIB_TASK_H_ */
