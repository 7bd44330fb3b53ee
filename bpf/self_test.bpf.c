// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What BPF reads of the calling process, for the start-up self-test: userspace runs this once by
 * BPF_PROG_TEST_RUN and compares with its own /proc/self. Never attached.
 */
#include "bpf/lib/process.h"

#include <bpf/bpf_tracing.h>

struct nsobs_process self_test_result SEC(".data.self_test");

SEC("raw_tp/nsobs_self_test")
int nsobs_self_test(void* ctx) {
  read_process(&self_test_result, current_task());
  return 0;
}
