/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One body for the three hooks of a syscall. The kernel's own function for it costs that call
 * alone: by fentry and fexit, or, where these are refused, by kprobe and kretprobe, which take
 * longer and miss returns while too many threads are inside (lib/missed.h). The named tracepoint,
 * for kernels without either, costs every syscall of the host. Source:
 * arch/x86/include/asm/syscall_wrapper.h, arch/arm64 likewise; kernel/kprobes.c.
 */
#ifndef NSOBS_BPF_LIB_SYSCALL_HOOK_H_
#define NSOBS_BPF_LIB_SYSCALL_HOOK_H_

#include "bpf/lib/program.h"
#include "bpf/lib/syscall_args.h"
#include "bpf/lib/types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#ifdef __TARGET_ARCH_arm64
#define NSOBS_SYSCALL "__arm64_sys_"
#else
#define NSOBS_SYSCALL "__x64_sys_"
#endif

/* The first three arguments of a call. */
struct first_args {
  u64 value[3];
};

static __always_inline void read_first_args(struct first_args* out, const struct pt_regs* regs) {
#ifdef __TARGET_ARCH_arm64
  out->value[0] = regs->regs[0];
  out->value[1] = regs->regs[1];
  out->value[2] = regs->regs[2];
#else
  out->value[0] = regs->di;
  out->value[1] = regs->si;
  out->value[2] = regs->dx;
#endif
}

/*
 * Of a function of a syscall, which is given the registers that the caller had. The BTF of older
 * kernels does not say everywhere what those are, and then the verifier refuses to touch them.
 */
static __always_inline void read_entry_args(struct first_args* out, const struct pt_regs* regs) {
#ifdef NSOBS_OLD_KERNEL
  struct call_args saved;

  read_call_args(&saved);
  __builtin_memcpy(out, &saved, sizeof(*out));
#else
  read_first_args(out, regs);
#endif
}

/*
 * The same of a kprobe's context, whose first register points at those of the caller; the verifier
 * does not follow it. `count` is a constant: each is a call of its own.
 */
static __always_inline void read_probed_args(struct first_args* out, const struct pt_regs* ctx,
                                             int count) {
#ifdef __TARGET_ARCH_arm64
  const struct pt_regs* regs = (const struct pt_regs*)ctx->regs[0];

  out->value[0] = BPF_CORE_READ(regs, regs[0]);
  out->value[1] = count > 1 ? BPF_CORE_READ(regs, regs[1]) : 0;
  out->value[2] = count > 2 ? BPF_CORE_READ(regs, regs[2]) : 0;
#else
  const struct pt_regs* regs = (const struct pt_regs*)ctx->di;

  out->value[0] = BPF_CORE_READ(regs, di);
  out->value[1] = count > 1 ? BPF_CORE_READ(regs, si) : 0;
  out->value[2] = count > 2 ? BPF_CORE_READ(regs, dx) : 0;
#endif
}

/* What the function returns, in a kretprobe. */
static __always_inline long returned(const struct pt_regs* ctx) {
#ifdef __TARGET_ARCH_arm64
  return ctx->regs[0];
#else
  return ctx->ax;
#endif
}

/* Followed by the body, which has `args`, of which it uses the first `count`; it returns 0. */
#define NSOBS_CALLED(name, count)                                                   \
  static __always_inline int name##_called(const struct first_args* args);          \
  SEC("fentry/" NSOBS_SYSCALL #name)                                                \
  int TRACING_PROG(nsobs_##name##_fentry, const struct pt_regs* regs) {             \
    struct first_args args;                                                         \
                                                                                    \
    read_entry_args(&args, regs);                                                   \
    return name##_called(&args);                                                    \
  }                                                                                 \
  SEC("kprobe/" NSOBS_SYSCALL #name)                                                \
  int nsobs_##name##_kprobe(struct pt_regs* ctx) {                                  \
    struct first_args args;                                                         \
                                                                                    \
    read_probed_args(&args, ctx, count);                                            \
    return name##_called(&args);                                                    \
  }                                                                                 \
  SEC("tracepoint/syscalls/sys_enter_" #name)                                       \
  int nsobs_##name##_enter(struct trace_event_raw_sys_enter* ctx) {                 \
    struct first_args args = {.value = {ctx->args[0], ctx->args[1], ctx->args[2]}}; \
                                                                                    \
    return name##_called(&args);                                                    \
  }                                                                                 \
  static __always_inline int name##_called(const struct first_args* args)

/* Followed by the body, which has `ret`; it returns 0. */
#define NSOBS_RETURNED(name)                                                                   \
  static __always_inline int name##_returned(long ret);                                        \
  SEC("fexit/" NSOBS_SYSCALL #name)                                                            \
  int TRACING_PROG(nsobs_##name##_fexit, const struct pt_regs* regs, long ret) {               \
    return name##_returned(ret);                                                               \
  }                                                                                            \
  SEC("kretprobe/" NSOBS_SYSCALL #name)                                                        \
  int nsobs_##name##_kretprobe(struct pt_regs* ctx) { return name##_returned(returned(ctx)); } \
  SEC("tracepoint/syscalls/sys_exit_" #name)                                                   \
  int nsobs_##name##_exit(struct trace_event_raw_sys_exit* ctx) {                              \
    return name##_returned(ctx->ret);                                                          \
  }                                                                                            \
  static __always_inline int name##_returned(long ret)

#endif /* NSOBS_BPF_LIB_SYSCALL_HOOK_H_ */
