// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A record as large as that of a signal for each SIGTERM, with nothing in it. */
#include "bpf/event_abi.h"
#include "bpf/lib/types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SIGTERM 15

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 16 << 20);
} ring SEC(".maps");

__u64 refused = 0;

SEC("tp_btf/signal_generate")
int BPF_PROG(bench_ring, int sig) {
  void* record;

  if (sig != SIGTERM) return 0;
  record = bpf_ringbuf_reserve(&ring, sizeof(struct nsobs_signal), 0);
  if (record)
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
  else
    __sync_fetch_and_add(&refused, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
