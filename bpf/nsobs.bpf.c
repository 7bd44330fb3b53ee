// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The object: all of them compiled as one. Each is still a file of its own, with its own includes
 * and static functions under names that no other has. They were objects that bpftool linked until
 * they called functions of the kernel (lib/program.h): Debian 12's libbpf (1.1) can't link two that
 * declare the same one.
 */
#include "bpf/bind_failures.bpf.c"
#include "bpf/cgroups.bpf.c"
#include "bpf/connect_io_uring.bpf.c"
#include "bpf/connect_syscall.bpf.c"
#include "bpf/connect_tcp.bpf.c"
#include "bpf/connect_udp_error.bpf.c"
#include "bpf/dns.bpf.c"
#include "bpf/file_failures.bpf.c"
#include "bpf/host_tasks.bpf.c"
#include "bpf/namespaces.bpf.c"
#include "bpf/oom.bpf.c"
#include "bpf/packet_drops.bpf.c"
#include "bpf/processes.bpf.c"
#include "bpf/self_test.bpf.c"
#include "bpf/signals.bpf.c"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
