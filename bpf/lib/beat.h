/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The heartbeat: a thread of the observer does harmless deeds which the programs must see. Each
 * counts them here and does nothing else, so that they are in no metric, no ledger and no timeline.
 */
#ifndef NSOBS_BPF_LIB_BEAT_H_
#define NSOBS_BPF_LIB_BEAT_H_

#include "bpf/lib/maps.h"
#include "bpf/lib/task.h"
#include "bpf/lib/types.h"

static __always_inline bool is_beat(enum nsobs_beat which) {
  u32 tid = settings.beat_tid;

  if (!tid || (u32)FOLLOW(current_task(), pid) != tid) return false;
  beats[which]++;
  beat_cpus[which] = bpf_get_smp_processor_id();
  return true;
}

#endif /* NSOBS_BPF_LIB_BEAT_H_ */
