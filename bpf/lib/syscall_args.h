/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The arguments of the syscall that returns now: the registers that the kernel saved as it began.
 * So what is hooked at its return alone costs nothing while it succeeds. Since 5.15.
 */
#ifndef NSOBS_BPF_LIB_SYSCALL_ARGS_H_
#define NSOBS_BPF_LIB_SYSCALL_ARGS_H_

#include "bpf/lib/types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct call_args {
  u64 value[4];
};

static __always_inline void read_call_args(struct call_args* out) {
  struct pt_regs* regs = (struct pt_regs*)bpf_task_pt_regs(bpf_get_current_task_btf());

#ifdef __TARGET_ARCH_arm64
  out->value[0] = regs->orig_x0; /* regs[0] is the result by now */
  out->value[1] = regs->regs[1];
  out->value[2] = regs->regs[2];
  out->value[3] = regs->regs[3];
#else
  out->value[0] = regs->di;
  out->value[1] = regs->si;
  out->value[2] = regs->dx;
  out->value[3] = regs->r10;
#endif
}

#endif /* NSOBS_BPF_LIB_SYSCALL_ARGS_H_ */
