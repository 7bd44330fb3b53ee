// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP connects, from SYN_SENT to the one outcome that each has: established, failed or abandoned.
 * The attempt is kept by socket, with the task that called connect: the state that ends it is often
 * changed by whoever runs the softirq.
 * Source: trace_inet_sock_set_state() in net/ipv4/af_inet.c, tcp_v4_connect(), tcp_done().
 */
#include "bpf/lib/attempt.h"
#include "bpf/lib/beat.h"
#include "bpf/lib/connect.h"
#include "bpf/lib/program.h"
#include "bpf/lib/runs.h"

/* The call of this thread that connects this socket; NULL if connect() is not hooked or not used.
 */
static __always_inline struct connect_call* call_of(struct sock* sk) {
  u64 id = bpf_get_current_pid_tgid();
  struct connect_call* call = bpf_map_lookup_elem(&connect_calls, &id);

  return call && call->sock == (u64)sk ? call : NULL;
}

/*
 * May this be io_uring at work? Its requests run in a task that has used it, or in one of its own
 * threads: nobody else has to pay for the table of its connects.
 */
static __always_inline bool may_be_io_uring(void) {
  struct task_struct* task = current_task();

  if (!bpf_core_field_exists(struct task_struct, io_uring)) return true;
  return FOLLOW(task, io_uring) || FOLLOW(task, flags) & PF_IO_WORKER;
}

/* Tells connect_syscall.bpf.c or connect_io_uring.bpf.c that the socket got as far as SYN_SENT. */
static __always_inline void mark_call(struct sock* sk, u64 now_ns) {
  struct connect_call io = {.protocol = NSOBS_PROTO_TCP, .entered = 1, .started_ns = now_ns};
  struct connect_call* call = call_of(sk);
  u64 cookie;

  if (call) {
    call->entered = 1;
    return;
  }
  if (!constants.io_uring_hook || !NSOBS_IO_URING_TELLS_REQUEST || !may_be_io_uring()) return;
  cookie = bpf_get_socket_cookie(sk);
  io.family = sk->__sk_common.skc_family;
  io.sock = (u64)sk;
  bpf_map_update_elem(&io_connects, &cookie, &io, BPF_ANY);
}

static __always_inline void owner_of_connects(struct nsobs_owner_key* owner,
                                              const struct nsobs_process* process) {
  owner->cgroup_id = process->cgroup.id;
  owner->hierarchy = process->cgroup.hierarchy;
  owner->ns_inode = process->ns.inode[NSOBS_NS_NET];
  owner->ns_id = process->ns.id[NSOBS_NS_NET] ?: owner->ns_inode;
}

/* Equal in these, as in userspace (coalescer.cc). */
static __always_inline void make_run_key(struct run_key* key, struct sock* sk,
                                         const struct attempt* attempt, u8 phase, s32 error) {
  const struct nsobs_process* p = &attempt->process;
  u64* w = key->words;
  u16 family = sk->__sk_common.skc_family;

  w[0] = p->cgroup.id;
  w[1] = p->ns.id[NSOBS_NS_NET] ?: p->ns.inode[NSOBS_NS_NET];
  w[2] = p->ns.id[NSOBS_NS_MNT] ?: p->ns.inode[NSOBS_NS_MNT];
  w[3] = ((const u64*)p->comm)[0];
  w[4] = ((const u64*)p->comm)[1];
  w[5] = (u64)p->cgroup.hierarchy << 32 | p->uid;
  w[6] = (u64)attempt->remote_port << 48 | (u64)family << 32 | phase << 16 | error;
  if (family == AF_INET6) {
    w[7] = *(u64*)sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8;
    w[8] = *(u64*)(sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8 + 8);
  } else {
    w[7] = sk->__sk_common.skc_daddr;
  }
}

/* tcp_disconnect() took them from the socket, before the error is reported to who waits in
 * connect(). */
static __always_inline void restore_addresses(struct nsobs_connect_failure* e,
                                              const struct attempt* attempt) {
  if (e->remote_port != 0) return;
  e->remote_port = __builtin_bswap16(attempt->remote_port);
  __builtin_memcpy(e->local, attempt->local, sizeof(e->local));
}

/* took_ns: 0 means until now. Not inlined: the code for it is long. */
static __noinline void tell_attempt(struct sock* sk, const struct attempt* attempt, u8 phase,
                                    s32 error, u64 took_ns) {
  struct telling t = {.owner = attempt->owner};
  struct nsobs_connect_failure* e;
  struct run_key key = {};
  struct nsobs_run* run;
  u64 number;
  u32 index;

  make_run_key(&key, sk, attempt, phase, error);
  run = run_slot(NSOBS_RUN_CONNECT_FAILURE, &key, &index);
  if (joins_run(run, &key)) return;

  bump(&t.owner, NSOBS_COUNT_CONNECT_FAILURE, NSOBS_PROTO_TCP, error);
  e = reserve_connect_failure(&t, NSOBS_PROTO_TCP, phase, 0, error, attempt->started_ns);
  if (!e) return;
  if (took_ns) e->duration_ns = took_ns;
  __builtin_memcpy(&e->process, &attempt->process, sizeof(e->process));
  read_socket_addresses(e, sk);
  restore_addresses(e, attempt);
  number = begin_run(run, index, &key, &t, NSOBS_COUNT_CONNECT_FAILURE, NSOBS_PROTO_TCP, error);
  e->run = number;
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
  publish_run(run, number);
}

/*
 * Did the protocol's connect fail by itself after SYN_SENT (inet_hash_connect(): no port left)?
 * Then it has not returned, so that the socket is not yet SS_CONNECTING, and no SYN was sent.
 */
static __always_inline bool is_inside_connect(struct sock* sk) {
  struct socket* socket = sk->sk_socket;

  return socket && socket->state == SS_UNCONNECTED &&
         BPF_CORE_READ((struct tcp_sock*)sk, packets_out) == 0;
}

/* Was the caller killed while it waited? */
static __always_inline bool is_killed(const struct attempt* attempt) {
  struct task_struct* task = current_task();

  return FOLLOW(task, flags) & PF_EXITING && FOLLOW(task, signal, group_exit_code) & 0x7f &&
         FOLLOW(task, tgid) == (int)attempt->process.pid;
}

/* How an attempt ended; what it's told with, if it is. */
struct outcome {
  u64 took_ns; /* 0: until now */
  s32 error;   /* 0: not told */
  u8 phase;
};

/*
 * Inside the call the errno comes with its return. Where nobody sees that (io_uring, MSG_FASTOPEN,
 * hooks switched off) it is the one that can be expected, told here and now.
 */
static __always_inline void fail_inside_call(struct outcome* out, struct connect_call* call) {
  if (call) {
    call->failed_inside = 1;
    return;
  }
  out->phase = NSOBS_PHASE_IMMEDIATE;
  out->error = EADDRNOTAVAIL;
}

/*
 * Closed or killed while connecting. Short ones are ordinary (the loser of two address families).
 * But a caller that was told an error by an ICMP message and then gave up had a failure, although
 * the socket itself would have gone on trying.
 */
static __always_inline void abandon(struct outcome* out, const struct attempt* attempt,
                                    struct nsobs_tcp_connects* connects) {
  u64 took_ns = bpf_ktime_get_boot_ns() - attempt->started_ns;
  bool killed = is_killed(attempt);

  if (attempt->reported_error && !killed) {
    __sync_fetch_and_add(&connects->failed, 1);
    out->error = attempt->reported_error;
    out->took_ns = attempt->reported_ns - attempt->started_ns;
    return;
  }
  __sync_fetch_and_add(&connects->abandoned, 1);
  out->phase = NSOBS_PHASE_ABANDONED;
  if (killed)
    out->error = EINTR;
  else if (took_ns >= settings.abandoned_told_after_ns)
    out->error = ECANCELED;
}

static __always_inline void end_attempt(struct sock* sk, struct attempt* attempt, int newstate) {
  struct nsobs_tcp_connects* connects = tcp_connects_of(&attempt->owner, attempt->overflow);
  struct outcome outcome = {.phase = NSOBS_PHASE_LATER};
  bool inside = is_inside_connect(sk);
  struct connect_call* call = inside ? call_of(sk) : NULL;
  s32 error = call ? 0 : sk->sk_err; /* inside the call it is that of an earlier attempt */

  attempt->in_flight = 0;
  if (!connects) return;
  if (newstate != TCP_CLOSE) {
    __sync_fetch_and_add(&connects->established, 1);
  } else if (error) {
    __sync_fetch_and_add(&connects->failed, 1);
    outcome.error = error;
  } else if (inside) {
    __sync_fetch_and_add(&connects->failed, 1);
    fail_inside_call(&outcome, call);
  } else {
    abandon(&outcome, attempt, connects);
  }
  if (outcome.error) tell_attempt(sk, attempt, outcome.phase, outcome.error, outcome.took_ns);
}

/*
 * What nobody saw end. The kernel leaves out a program that an interrupt finds running on its CPU,
 * and may spare some process from all of them: then not even the report of the error is seen. The
 * error is the one that connect() returned, or that nobody fetched, or else the one that can be
 * expected.
 */
static __always_inline s32 unseen_error(struct sock* sk, const struct attempt* attempt) {
  s32 error = attempt->reported_error ?: sk->sk_err ?: sk->sk_err_soft;

  if (error > 0 && error <= MAX_USER_ERRNO) return error;
  return BPF_CORE_READ((struct inet_connection_sock*)sk, icsk_retransmits) ? ETIMEDOUT
                                                                           : ECONNREFUSED;
}

/*
 * Has the other side ever agreed? tcp_connect_init() begins at 0, its SYN sets it, and neither an
 * end nor tcp_disconnect() takes it back.
 */
static __always_inline bool was_established(struct sock* sk) {
  return BPF_CORE_READ((struct tcp_sock*)sk, rcv_nxt) != 0;
}

static __always_inline void end_unseen(struct sock* sk, struct attempt* attempt) {
  struct nsobs_tcp_connects* connects = tcp_connects_of(&attempt->owner, attempt->overflow);
  u64 took_ns = attempt->reported_error ? attempt->reported_ns - attempt->started_ns : 0;

  attempt->in_flight = 0;
  if (!connects) return;
  if (was_established(sk)) {
    __sync_fetch_and_add(&connects->established, 1);
    return;
  }
  __sync_fetch_and_add(&connects->failed, 1);
  tell_attempt(sk, attempt, NSOBS_PHASE_LATER, unseen_error(sk, attempt), took_ns);
}

enum keeping { KEPT, STALE, NO_ROOM };

/* STALE: another stands there, which ended unseen. */
static __always_inline enum keeping keep_attempt(struct sock* sk, const struct attempt* attempt) {
  u64 key = (u64)sk;

  if (bpf_map_update_elem(&attempts, &key, attempt, BPF_NOEXIST) == 0) return KEPT;
  if (attempt_of(sk)) return STALE;
  return keep_one_more(sk, attempt) ? KEPT : NO_ROOM;
}

/*
 * False if an attempt stands in the way that ended unseen. A frame of its own: together with that
 * of telling it would be more than a stack has (512 bytes, before Linux 6.13).
 */
static __noinline bool begin_attempt(struct sock* sk) {
  struct attempt attempt = {.started_ns = bpf_ktime_get_boot_ns(), .in_flight = 1};
  struct nsobs_tcp_connects* connects;
  enum keeping keeping;

  read_process(&attempt.process, current_task());
  owner_of_connects(&attempt.owner, &attempt.process);
  connects = tcp_connects_of(&attempt.owner, false);
  if (!connects) {
    attempt.overflow = 1;
    connects = tcp_connects_of(&attempt.owner, true);
  }
  attempt.remote_port = sk->__sk_common.skc_dport;
  read_local_address(attempt.local, sk);
  keeping = keep_attempt(sk, &attempt);
  if (keeping == STALE) return false;
  if (keeping == NO_ROOM) {
    struct telling t = {.owner = attempt.owner};

    begin_telling(&t, NSOBS_KIND_CONNECT_FAILURE);
    tally_observed(&t);
    tally_lost(&t, NSOBS_LOST_STATE_FULL);
    return true;
  }
  if (connects) __sync_fetch_and_add(&connects->attempts, 1);
  mark_call(sk, attempt.started_ns);
  return true;
}

/* The socket connects anew although nobody saw how the attempt before ended. */
static __always_inline void begin_again(struct sock* sk) {
  struct attempt* old = attempt_of(sk);

  if (old && old->in_flight) end_unseen(sk, old);
  forget_attempt(sk);
  begin_attempt(sk);
}

SEC("tp_btf/inet_sock_set_state")
int TRACING_PROG(nsobs_tcp_state, struct sock* sk, int oldstate, int newstate) {
  struct attempt* attempt;

  if (newstate != TCP_SYN_SENT && oldstate != TCP_SYN_SENT && oldstate != TCP_SYN_RECV) return 0;
  if (sk->sk_protocol != IPPROTO_TCP) return 0;
  if (newstate == TCP_SYN_SENT) {
    if (!is_beat(NSOBS_BEAT_TCP_CONNECT) && !begin_attempt(sk)) begin_again(sk);
    return 0;
  }
  /* SYN_SENT -> SYN_RECV is a simultaneous open: still under way. */
  if (newstate == TCP_SYN_RECV) return 0;
  attempt = attempt_of(sk);
  if (!attempt || !attempt->in_flight) return 0;
  end_attempt(sk, attempt, newstate);
  forget_attempt(sk);
  return 0;
}

/* The newest message of the socket's error queue, if it is of ICMP; else 0. */
static __always_inline s32 queued_icmp_error(struct sock* sk) {
  struct sock_extended_err error = {};
  u64 address = (u64)BPF_CORE_READ(sk, sk_error_queue.prev);

  if (BPF_CORE_READ(sk, sk_error_queue.qlen) == 0) return 0;
  address += bpf_core_field_offset(struct sk_buff, cb);
  address += bpf_core_field_offset(struct sock_exterr_skb, ee);
  bpf_probe_read_kernel(&error, sizeof(error), (void*)address);
  return error.ee_origin == SO_EE_ORIGIN_ICMP ? error.ee_errno : 0;
}

/*
 * An ICMP error over IPv4 that comes while a call holds the socket's lock: poll() and SO_ERROR tell
 * it at once, but the socket stays in SYN_SENT and sends again (ip_icmp_error() in tcp_v4_err()).
 *
 * And a second chance: the kernel leaves out a program that an interrupt finds running on its CPU,
 * and a timer may end many connects in one interrupt. tcp_done_with_error() closes the socket, then
 * reports the error: an attempt that is still in flight then ended unseen.
 */
static __always_inline int take_error(struct sock* sk) {
  u8 state = sk->__sk_common.skc_state;
  struct attempt* attempt;
  s32 error;

  if ((state != TCP_SYN_SENT && state != TCP_CLOSE) || sk->sk_protocol != IPPROTO_TCP) return 0;
  attempt = attempt_of(sk);
  if (!attempt || !attempt->in_flight) return 0;
  if (state == TCP_CLOSE) {
    if (!sk->sk_err) return 0;
    end_unseen(sk, attempt);
    forget_attempt(sk);
    return 0;
  }
  error = sk->sk_err ?: queued_icmp_error(sk);
  if (error <= 0 || error > MAX_USER_ERRNO) return 0;
  attempt->reported_error = error;
  attempt->reported_ns = bpf_ktime_get_boot_ns();
  return 0;
}

SEC("tp_btf/inet_sk_error_report")
int TRACING_PROG(nsobs_tcp_error, struct sock* sk) { return take_error(sk); }

/* Before 5.14 (e3ae2365efc1): what a socket's sk_error_report is, but for the kernel's own. */
SEC("fentry/sock_def_error_report")
int TRACING_PROG(nsobs_tcp_error_fentry, struct sock* sk) { return take_error(sk); }

/* The last chance: no attempt is left behind by its socket. */
SEC("tp_btf/tcp_destroy_sock")
int TRACING_PROG(nsobs_tcp_end, struct sock* sk) {
  struct attempt* attempt = attempt_of(sk);

  if (!attempt) return 0;
  if (attempt->in_flight) end_unseen(sk, attempt);
  forget_attempt(sk);
  return 0;
}
