// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls on files that fail for what an administrator can mend: read-only, not permitted, full, over
 * quota, a loop of links; and some of those that open a file which is not there. Off unless asked
 * for: these are among the most frequent calls there are.
 *
 * Only the returns are hooked. The arguments are read, after a failure, from the registers that the
 * kernel saved at the entry: so a call that succeeds pays a compare and no map. The path is the
 * caller's string and may have changed since: the event says so. A write has its open file instead.
 */
#include "bpf/lib/beat.h"
#include "bpf/lib/emit.h"
#include "bpf/lib/socket.h"
#include "bpf/lib/syscall_args.h"
#include "bpf/lib/syscall_hook.h"
#include "bpf/lib/watch.h"

/* The owner by the task's cgroup and its mount namespace: whose file failures are counted. */
static __always_inline void owner_of_files(struct nsobs_owner_key* key, struct task_struct* task) {
  struct mnt_namespace* mnt = FOLLOW(task, nsproxy, mnt_ns);
  struct nsobs_cgroup cgroup;

  read_cgroup(&cgroup, task);
  key->cgroup_id = cgroup.id;
  key->hierarchy = cgroup.hierarchy;
  key->ns_inode = FOLLOW(mnt, ns.inum);
  key->ns_id = NSOBS_NS_ID(mnt);
  if (key->ns_id == 0) key->ns_id = key->ns_inode;
}

static __always_inline bool is_failure_told(long ret) {
  return ret == -EROFS || ret == -EACCES || ret == -EPERM || ret == -ENOSPC || ret == -EDQUOT ||
         ret == -ELOOP;
}

static __always_inline void read_path(struct nsobs_file_failure* e, u64 path) {
  char last = 0;
  long size = bpf_probe_read_user_str(e->path, sizeof(e->path), (void*)path);

  if (size <= 0) return;
  e->path_source = NSOBS_PATH_CALLER;
  e->path_len = size - 1;
  if (size < (long)sizeof(e->path)) return;
  /* Full to the last byte: cut, unless the string ends just there. */
  bpf_probe_read_user(&last, 1, (void*)(path + sizeof(e->path) - 1));
  e->truncated = last != 0;
}

static __always_inline void read_file_name(struct nsobs_file_failure* e, u32 fd) {
  const unsigned char* name = BPF_CORE_READ(file_of(fd), f_path.dentry, d_name.name);
  long size = bpf_probe_read_kernel_str(e->path, sizeof(e->path), name);

  if (size <= 0) return;
  e->path_source = NSOBS_PATH_KERNEL;
  e->path_len = size - 1;
}

/*
 * Files that are missing (ENOENT). Programs look for far more than they need, so that these are
 * neither counted nor told in general: of each container a few, of absolute paths, and not where
 * dynamic linkers and C libraries search. Nothing of the host's. What is left out here is no
 * event, hence none that is lost.
 */
#define MISSING_BURST 128
#define MISSING_PERIOD_NS 5000000000 /* one more each */

struct missing_map {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, struct nsobs_owner_key);
  __type(value, struct budget);
};

struct missing_map missing_budgets SEC(".maps");

#define BEGINS_WITH(head, text) (__builtin_memcmp(head, text, sizeof(text) - 1) == 0)

static __always_inline bool is_worth_a_look(u64 path) {
  char head[8] = {};

  /* A shorter string at the very end of a page is left out, too. */
  if (bpf_probe_read_user(head, sizeof(head), (void*)path)) return false;
  return head[0] == '/' && !BEGINS_WITH(head, "/usr/") && !BEGINS_WITH(head, "/lib") &&
         !BEGINS_WITH(head, "/proc/") && !BEGINS_WITH(head, "/sys/") &&
         !BEGINS_WITH(head, "/dev/") && !BEGINS_WITH(head, "/etc/ld.");
}

/* Approximate under concurrency, by design, as take_token() is. */
static __always_inline bool may_tell_missing(const struct nsobs_owner_key* owner) {
  struct budget* budget = bpf_map_lookup_elem(&missing_budgets, owner);
  u64 now_ns = bpf_ktime_get_boot_ns(), periods;

  if (!budget) {
    struct budget fresh = {.tokens = MISSING_BURST - 1, .refilled_ns = now_ns};
    bpf_map_update_elem(&missing_budgets, owner, &fresh, BPF_ANY);
    return true;
  }
  periods = (now_ns - budget->refilled_ns) / MISSING_PERIOD_NS;
  if ((s64)periods > 0) {
    budget->refilled_ns = now_ns;
    budget->tokens += periods > MISSING_BURST ? MISSING_BURST : periods;
    if (budget->tokens > MISSING_BURST) budget->tokens = MISSING_BURST;
  }
  if (budget->tokens <= 0) return false;
  __sync_fetch_and_add(&budget->tokens, -1);
  return true;
}

static __always_inline bool is_missing_told(struct task_struct* task, u64 path) {
  struct nsobs_owner_key owner = {};

  if (FOLLOW(task, nsproxy, mnt_ns, ns.inum) == constants.host_mnt_inode) return false;
  if (!is_worth_a_look(path)) return false;
  owner_of_files(&owner, task);
  return may_tell_missing(&owner);
}

/* Counted, then room for its record with all but path and flags; NULL if it isn't told. */
static __always_inline struct nsobs_file_failure* begin_failure(struct telling* t, long ret,
                                                                u8 operation) {
  struct task_struct* task = current_task();
  struct nsobs_file_failure* e;

  if (constants.files_watched && !is_watched(task)) return NULL;
  owner_of_files(&t->owner, task);
  if (ret != -ENOENT) bump(&t->owner, NSOBS_COUNT_FILE_FAILURE, operation, -ret);
  begin_telling(t, NSOBS_KIND_FILE_FAILURE);
  e = reserve_bulk(t, sizeof(*e));
  if (!e) return NULL;
  __builtin_memset(e, 0, sizeof(*e));
  fill_header(&e->h, t, sizeof(*e));
  read_process(&e->process, task);
  e->error = -ret;
  e->operation = operation;
  return e;
}

static __always_inline int tell_failure(long ret, u8 operation, u32 path_at, int flags_at) {
  struct nsobs_file_failure* e;
  struct call_args args;
  struct telling t = {};

  if (ret == -ENOENT && operation == NSOBS_FILE_OPEN) {
    read_call_args(&args);
    if (!is_missing_told(current_task(), args.value[path_at])) return 0;
  } else if (!is_failure_told(ret)) {
    return 0;
  }
  e = begin_failure(&t, ret, operation);
  if (!e) return 0;
  read_call_args(&args);
  read_path(e, args.value[path_at]);
  if (flags_at >= 0) e->flags = (u32)args.value[flags_at];
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
  return 0;
}

/* Where in the arguments the path and the flags stand; -1: it has none. A call that succeeds pays a
 * compare; the rest comes after that. */
#define NSOBS_FILE_CALL(call, beat, operation, path_at, flags_at) \
  NSOBS_RETURNED(call) {                                          \
    if (ret >= 0 || is_beat(NSOBS_BEAT_##beat)) return 0;         \
    return tell_failure(ret, operation, path_at, flags_at);       \
  }

NSOBS_FILE_CALL(open, OPEN, NSOBS_FILE_OPEN, 0, 1)
NSOBS_FILE_CALL(creat, CREAT, NSOBS_FILE_OPEN, 0, -1)
NSOBS_FILE_CALL(openat, OPENAT, NSOBS_FILE_OPEN, 1, 2)
NSOBS_FILE_CALL(mkdir, MKDIR, NSOBS_FILE_MKDIR, 0, -1)
NSOBS_FILE_CALL(mkdirat, MKDIRAT, NSOBS_FILE_MKDIR, 1, -1)
NSOBS_FILE_CALL(unlink, UNLINK, NSOBS_FILE_UNLINK, 0, -1)
NSOBS_FILE_CALL(rmdir, RMDIR, NSOBS_FILE_UNLINK, 0, -1)
NSOBS_FILE_CALL(unlinkat, UNLINKAT, NSOBS_FILE_UNLINK, 1, 2)
NSOBS_FILE_CALL(rename, RENAME, NSOBS_FILE_RENAME, 0, -1)
NSOBS_FILE_CALL(renameat, RENAMEAT, NSOBS_FILE_RENAME, 1, -1)
NSOBS_FILE_CALL(renameat2, RENAMEAT2, NSOBS_FILE_RENAME, 1, -1)
NSOBS_FILE_CALL(mount, MOUNT, NSOBS_FILE_MOUNT, 1, 3)

/* The flags stand in struct open_how, of the caller too. */
NSOBS_RETURNED(openat2) {
  struct nsobs_file_failure* e;
  struct call_args args;
  struct telling t = {};

  if (ret >= 0 || is_beat(NSOBS_BEAT_OPENAT2) || !is_failure_told(ret)) return 0;
  e = begin_failure(&t, ret, NSOBS_FILE_OPEN);
  if (!e) return 0;
  read_call_args(&args);
  read_path(e, args.value[1]);
  bpf_probe_read_user(&e->flags, sizeof(e->flags), (void*)args.value[2]);
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
  return 0;
}

/* Only what a file system says of a write: EPERM and the like come from sockets and pipes too. */
NSOBS_RETURNED(write) {
  struct nsobs_file_failure* e;
  struct call_args args;
  struct telling t = {};

  if (ret != -ENOSPC && ret != -EROFS && ret != -EDQUOT) return 0;
  if (is_beat(NSOBS_BEAT_WRITE)) return 0;
  e = begin_failure(&t, ret, NSOBS_FILE_WRITE);
  if (!e) return 0;
  read_call_args(&args);
  read_file_name(e, args.value[0]);
  bpf_ringbuf_submit(e, wakeup_bulk(&t));
  return 0;
}
