/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The arguments of the syscall that returns now: the registers that the kernel saved as it began.
 * So what is hooked at its return alone costs nothing while it succeeds. The kernel has a helper
 * for it since 5.15; before, they are found where it looks: at the upper end of the task's kernel
 * stack (task_pt_regs() in arch/x86/include/asm/processor.h, arch/arm64 likewise).
 */
#ifndef NSOBS_BPF_LIB_SYSCALL_ARGS_H_
#define NSOBS_BPF_LIB_SYSCALL_ARGS_H_

#include "bpf/lib/task.h"
#include "bpf/lib/types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* THREAD_SIZE, but for kernels with KASAN (twice as much) and arm64's with pages of 64 KiB. */
#define KERNEL_STACK_BYTES 16384

struct call_args {
  u64 value[4];
};

static __always_inline struct pt_regs* saved_registers(void) {
#ifdef NSOBS_OLD_KERNEL
  void* stack = BPF_CORE_READ(current_task(), stack);

  return stack + KERNEL_STACK_BYTES - bpf_core_type_size(struct pt_regs);
#else
  return (struct pt_regs*)bpf_task_pt_regs(bpf_get_current_task_btf());
#endif
}

static __always_inline void read_call_args(struct call_args* out) {
  struct pt_regs* regs = saved_registers();

#ifdef __TARGET_ARCH_arm64
  out->value[0] = FOLLOW(regs, orig_x0); /* regs[0] is the result by now */
  out->value[1] = FOLLOW(regs, regs[1]);
  out->value[2] = FOLLOW(regs, regs[2]);
  out->value[3] = FOLLOW(regs, regs[3]);
#else
  out->value[0] = FOLLOW(regs, di);
  out->value[1] = FOLLOW(regs, si);
  out->value[2] = FOLLOW(regs, dx);
  out->value[3] = FOLLOW(regs, r10);
#endif
}

#endif /* NSOBS_BPF_LIB_SYSCALL_ARGS_H_ */
