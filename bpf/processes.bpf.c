// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Exec and exit of processes: context for naming. Those of a namespace's init travel on the
 * critical ring, all others on the bulk ring within the container's budget. Arguments are read at
 * exec, when no instruction of the new program has run yet: reading them later through /proc could
 * block on the process's mmap lock. Source: exec_binprm() in fs/exec.c, do_exit() in kernel/exit.c.
 */
#include "bpf/lib/connect.h"
#include "bpf/lib/executable.h"
#include "bpf/lib/open_calls.h"
#include "bpf/lib/program.h"

struct exec_scratch_map {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct nsobs_process_exec);
};

struct exec_scratch_map exec_scratch SEC(".maps");

#define ARGS_OFFSET __builtin_offsetof(struct nsobs_process_exec, args)

static __always_inline u32 read_args(struct nsobs_process_exec* e, struct task_struct* task) {
  unsigned long start = FOLLOW(task, mm, arg_start), end = FOLLOW(task, mm, arg_end);
  u64 len = end - start;

  e->truncated = len > NSOBS_ARGS_LEN;
  if (len > NSOBS_ARGS_LEN) len = NSOBS_ARGS_LEN;
  if (len == 0 || bpf_probe_read_user(e->args, len, (void*)start)) return 0;
  return len;
}

static __always_inline void read_ancestors(struct nsobs_process_exec* e, struct task_struct* task) {
  struct task_struct* parent = FOLLOW(task, real_parent);

  read_ancestor(&e->ancestors[0], parent);
  read_ancestor(&e->ancestors[1], FOLLOW(parent, real_parent));
}

/* Sends the record at its real length, on the ring that its importance asks for. */
static __always_inline void send_exec(const struct telling* t, struct nsobs_process_exec* e) {
  u32 size = ARGS_OFFSET + e->args_len;
  long error;

  if (size > sizeof(*e)) return;
  tally_observed(t);
  if (e->process.ns_pid == 1) {
    error = bpf_ringbuf_output(&critical, e, size, wakeup_critical(t));
    if (error) error = bpf_ringbuf_output(&bulk, e, size, wakeup_bulk(t));
  } else if (!take_process_token(t)) {
    tally_lost(t, NSOBS_LOST_BUDGET);
    return;
  } else if (!has_room_bulk(t)) {
    error = -1;
  } else {
    error = bpf_ringbuf_output(&bulk, e, size, wakeup_bulk(t));
  }
  if (error) tally_lost(t, NSOBS_LOST_RING_FULL);
}

SEC("tp_btf/sched_process_exec")
int TRACING_PROG(nsobs_exec, struct task_struct* task, s32 old_pid) {
  struct nsobs_process_exec* e;
  struct telling t = {};
  u32 zero = 0;

  /* A thread that is not the first has the first one's id from now on (de_thread()). */
  if (old_pid != task->pid) forget_calls((u64)task->tgid << 32 | (u32)old_pid);

  e = bpf_map_lookup_elem(&exec_scratch, &zero);
  if (!e) return 0;
  owner_by_pid_ns(&t.owner, task);
  begin_telling(&t, NSOBS_KIND_PROCESS_EXEC);
  read_process(&e->process, task);
  read_executable(&e->executable, task);
  read_ancestors(e, task);
  e->args_len = read_args(e, task);
  __builtin_memset(e->pad, 0, sizeof(e->pad));
  fill_header(&e->h, &t, ARGS_OFFSET + e->args_len);
  send_exec(&t, e);
  return 0;
}

static __always_inline void fill_exit(struct nsobs_process_exit* e, const struct telling* t,
                                      struct task_struct* task) {
  int code = task->signal->group_exit_code ?: task->exit_code;

  fill_header(&e->h, t, sizeof(*e));
  read_process(&e->process, task);
  e->lifetime_ns = t->now_ns - task->group_leader->start_boottime;
  e->exit_code = code >> 8 & 0xff;
  e->signal = code & 0x7f;
  e->core_dumped = (code & 0x80) != 0;
  __builtin_memset(e->pad, 0, sizeof(e->pad));
}

struct exit_key {
  u64 start_boot_ns;
  u64 pid;
};

struct exit_map {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, struct exit_key);
  __type(value, __u8);
};

struct exit_map exits SEC(".maps");

/*
 * Threads that end together are all counted down before the first of them comes here, and each then
 * sees none alive: the process is told by whoever is first.
 */
static __always_inline bool is_first_to_tell(struct task_struct* task) {
  struct exit_key key = {.start_boot_ns = task->group_leader->start_boottime, .pid = task->tgid};
  u8 one = 1;

  return add_to_map(&exits, &key, &one) != -EEXIST;
}

SEC("tp_btf/sched_process_exit")
int TRACING_PROG(nsobs_exit, struct task_struct* task) {
  u64 id = bpf_get_current_pid_tgid();
  struct nsobs_process_exit* e;
  struct telling t = {};
  struct own_pid pid;
  bool init;

  /* A thread that was killed inside connect() does not return from it. */
  forget_calls(id);
  if (settings.kretprobes) {
    forget_namespace_call(id);
    forget_bind_call(id);
  }
  if (task->signal->live.counter != 0) return 0; /* other threads live on */
  if (!is_first_to_tell(task)) return 0;

  owner_by_pid_ns(&t.owner, task);
  begin_telling(&t, NSOBS_KIND_PROCESS_EXIT);
  read_own_pid(&pid, FOLLOW(task, group_leader));
  init = pid.nr == 1;
  e = init ? reserve_critical(&t, sizeof(*e)) : reserve_process(&t, sizeof(*e));
  if (!e) return 0;
  fill_exit(e, &t, task);
  bpf_ringbuf_submit(e, init ? wakeup_critical(&t) : wakeup_bulk(&t));
  return 0;
}
