// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What only the return of connect() shows: failures before SYN_SENT, UDP and unix.
 * By the function itself, which costs connects alone; where neither fexit nor kprobes are had by
 * the tracepoints, which slow every syscall of the host a little. Source: __sys_connect() in
 * net/socket.c.
 */
#include "bpf/lib/attempt.h"
#include "bpf/lib/beat.h"
#include "bpf/lib/missed.h"
#include "bpf/lib/program.h"
#include "bpf/lib/socket.h"
#include "bpf/lib/syscall_hook.h"

static __always_inline int call_begins(u32 fd, u64 sockaddr, u32 sockaddr_len) {
  u64 id = bpf_get_current_pid_tgid();
  struct connect_call *kept = bpf_map_lookup_elem(&connect_calls, &id), call = {};
  struct socket_facts facts = {};

  if (is_beat(NSOBS_BEAT_CONNECT_CALL)) return 0;
  if (kept && kept->sock) {
    note_missed(NSOBS_BEAT_CONNECT_RETURN);
    kept->sock = 0;
  }
  read_socket(&facts, fd);
  if (!facts.sk) return 0;
  call.started_ns = bpf_ktime_get_boot_ns();
  call.sockaddr = sockaddr;
  call.sockaddr_len = sockaddr_len;
  call.protocol = protocol_of(facts.family, facts.type, facts.protocol);
  call.family = facts.family;
  call.was_connecting = facts.state == SS_CONNECTING;
  if (kept) {
    /* An interrupt may ask whose call this is: it is nobody's until all of it stands there. */
    call.kept = kept->kept;
    *kept = call;
    barrier();
    *(volatile u64*)&kept->sock = (u64)facts.sk;
    return 0;
  }
  call.sock = (u64)facts.sk;
  bpf_map_update_elem(&connect_calls, &id, &call, BPF_ANY);
  return 0;
}

/* ICMP errors for this socket will be told with this process. */
static __always_inline void remember_udp(u64 sock) {
  struct sock* sk = (struct sock*)sock;
  struct socket_alloc* socket = (struct socket_alloc*)BPF_CORE_READ(sk, sk_socket);
  struct udp_peer peer = {};

  read_process(&peer.process, current_task());
  peer.socket_inode = BPF_CORE_READ(socket, vfs_inode.i_ino);
  bpf_map_update_elem(&udp_owners, &sock, &peer, BPF_ANY);
}

static __always_inline int call_returns(long ret) {
  u64 id = bpf_get_current_pid_tgid();
  struct connect_call* found = bpf_map_lookup_elem(&connect_calls, &id);
  struct connect_call call;

  if (is_beat(NSOBS_BEAT_CONNECT_RETURN) || !found || !found->sock) return 0;
  call = *found;
  leave_call(found, id);
  if (ret == 0 && call.protocol == NSOBS_PROTO_UDP) remember_udp(call.sock);
  if (!is_failure(ret)) return 0;
  if (told_by_state_change(&call)) {
    note_returned_error(call.sock, -ret);
    return 0;
  }
  tell_call_failure(&call, -ret, call.sockaddr, call.sockaddr_len, true);
  return 0;
}

SEC("fentry/__sys_connect")
int TRACING_PROG(nsobs_connect_fentry, int fd, void* sockaddr, int sockaddr_len) {
  return call_begins(fd, (u64)sockaddr, sockaddr_len);
}

SEC("fexit/__sys_connect")
int TRACING_PROG(nsobs_connect_fexit, int fd, void* sockaddr, int sockaddr_len, int ret) {
  return call_returns(ret);
}

SEC("kprobe/__sys_connect")
int nsobs_connect_kprobe(struct pt_regs* ctx) {
  struct first_args args;

  read_first_args(&args, ctx);
  return call_begins(args.value[0], args.value[1], args.value[2]);
}

SEC("kretprobe/__sys_connect")
int nsobs_connect_kretprobe(struct pt_regs* ctx) { return call_returns((int)returned(ctx)); }

SEC("tracepoint/syscalls/sys_enter_connect")
int nsobs_connect_enter(struct trace_event_raw_sys_enter* ctx) {
  return call_begins(ctx->args[0], ctx->args[1], ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_connect")
int nsobs_connect_exit(struct trace_event_raw_sys_exit* ctx) { return call_returns(ctx->ret); }
