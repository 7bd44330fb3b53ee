/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TRACING_PROG(name, args...) is libbpf's BPF_PROG(): for every program at a tracepoint (tp_btf) or
 * a function (fentry, fexit). In the object for kernels that preempt a tracepoint's programs,
 * nobody preempts it.
 *
 * A program that is preempted is still running on its CPU, and the kernel leaves it out for whoever
 * comes to the same hook there meanwhile (__bpf_trace_run()): the end of one process hides that of
 * another one. That is so since 7.0, whose tracepoints leave preemption on (srcu_fast_notrace in
 * include/linux/tracepoint.h) and which always preempts its own code. And what a program has for
 * its CPU alone (lib/runs.h, the scratch of an exec) must stay with one program at a time.
 *
 * Switching preemption off is not enough: to switch it on again is to be preempted at once, where
 * that had to wait, and the program still counts as running. So that is done with interrupts off,
 * where nothing is scheduled; what waits is scheduled a few instructions later, when the kernel has
 * left the program. What remains is a few instructions before and after. Signals need none of it:
 * both of their tracepoints are under the lock of the target's handlers, with interrupts off.
 */
#ifndef NSOBS_BPF_LIB_PROGRAM_H_
#define NSOBS_BPF_LIB_PROGRAM_H_

#include "bpf/lib/types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifndef NSOBS_PREEMPTIBLE
#define TRACING_PROG(name, args...) BPF_PROG(name, ##args)
#else
/* Linux 6.10 (fc7566ad0a82) and 6.14 (c8e2ee1f3df0). Weak: tests/vm/btf holds them against kernels
 * that have them not. */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;
extern void bpf_local_irq_save(unsigned long* flags) __ksym __weak;
extern void bpf_local_irq_restore(unsigned long* flags) __ksym __weak;

#define TRACING_PROG(name, args...)                                       \
  name(unsigned long long* ctx);                                          \
  static __always_inline int ____##name(unsigned long long* ctx, ##args); \
  int name(unsigned long long* ctx) {                                     \
    unsigned long flags;                                                  \
                                                                          \
    bpf_preempt_disable();                                                \
    _Pragma("GCC diagnostic push");                                       \
    _Pragma("GCC diagnostic ignored \"-Wint-conversion\"");               \
    ____##name(___bpf_ctx_cast(args));                                    \
    _Pragma("GCC diagnostic pop");                                        \
    bpf_local_irq_save(&flags);                                           \
    bpf_preempt_enable();                                                 \
    bpf_local_irq_restore(&flags);                                        \
    return 0;                                                             \
  }                                                                       \
  static __always_inline int ____##name(unsigned long long* ctx, ##args)
#endif

#endif /* NSOBS_BPF_LIB_PROGRAM_H_ */
