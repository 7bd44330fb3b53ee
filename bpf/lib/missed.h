/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Returns of calls that no program saw. A kretprobe has room for some tens of threads inside its
 * function at once (max(10, 2 * CPUs), kernel/trace/trace_kprobe.c); who comes then is left out,
 * and before 6.7 no link says so. Here it shows at the thread's next call, or as the thread ends:
 * what its last call left behind is still there. Of calls that are hooked at the return alone
 * nothing is left behind, so for those it does not show.
 */
#ifndef NSOBS_BPF_LIB_MISSED_H_
#define NSOBS_BPF_LIB_MISSED_H_

#include "bpf/lib/maps.h"

/* `which`: enum nsobs_beat of the return. The mask is for the verifier. */
static __always_inline void note_missed(u64 which) {
  __sync_fetch_and_add(&missed_returns[which & (MISSED_RETURNS - 1)], 1);
}

#endif /* NSOBS_BPF_LIB_MISSED_H_ */
