/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only header that both sides of the kernel boundary compile: records on the rings, keys and
 * values of the maps. Fixed-width types, padding by hand, sizes asserted beside each struct.
 * Numbers of kinds, causes and counters are explicit and never reused.
 *
 * All times are CLOCK_BOOTTIME in nanoseconds. All pids are those of the initial pid namespace
 * unless the name says ns_. Addresses are in network byte order, ports in host byte order.
 */
#ifndef NSOBS_BPF_EVENT_ABI_H_
#define NSOBS_BPF_EVENT_ABI_H_

#include <linux/types.h>

#ifdef __cplusplus
#define NSOBS_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size), #type)
#else
#define NSOBS_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#endif

#define NSOBS_ABI_VERSION 1

#define NSOBS_COMM_LEN 16
#define NSOBS_NS_KINDS 8
#define NSOBS_PATH_LEN 328         /* cgroup paths; a longer one is cut and flagged */
#define NSOBS_ARGS_LEN 512         /* exec arguments, NUL separated; cut and flagged */
#define NSOBS_UNIX_PATH_LEN 108    /* sun_path, unix(7) */
#define NSOBS_FILE_PATH_LEN 256    /* of a failed call; a longer one is cut and flagged */
#define NSOBS_INTERFACE_LEN 16     /* IFNAMSIZ */
#define NSOBS_DNS_QUESTION_LEN 136 /* of a query, raw; what is longer is cut */
#define NSOBS_SIGNALS 65           /* 1..64, index 0 unused */

/* Order of the eight kinds everywhere: alphabetical, as in the JSON. */
enum nsobs_ns_kind {
  NSOBS_NS_CGROUP = 0,
  NSOBS_NS_IPC = 1,
  NSOBS_NS_MNT = 2,
  NSOBS_NS_NET = 3,
  NSOBS_NS_PID = 4,
  NSOBS_NS_TIME = 5,
  NSOBS_NS_USER = 6,
  NSOBS_NS_UTS = 7,
};

enum nsobs_kind {
  NSOBS_KIND_NAMESPACE_CHANGE = 1,
  NSOBS_KIND_CONNECT_FAILURE = 2,
  NSOBS_KIND_SIGNAL = 3,
  NSOBS_KIND_OOM_KILL = 4,
  NSOBS_KIND_CGROUP_CHANGE = 5, /* context: not told to the timeline as such */
  NSOBS_KIND_PROCESS_EXEC = 6,  /* context */
  NSOBS_KIND_PROCESS_EXIT = 7,  /* context */
  NSOBS_KIND_PACKET_DROP = 8,   /* userspace has other numbers from here: collector/kind_map.h */
  NSOBS_KIND_BIND_FAILURE = 9,
  NSOBS_KIND_FILE_FAILURE = 10,
  NSOBS_KIND_DNS_FAILURE = 11,
  NSOBS_KIND_END = 12,
};

/* Why a record did not arrive. Counted per epoch and kind, and per container. */
enum nsobs_lost_cause {
  NSOBS_LOST_RING_FULL = 0,  /* bpf_ringbuf_reserve() had no room */
  NSOBS_LOST_BUDGET = 1,     /* the container's token bucket for the bulk ring was empty */
  NSOBS_LOST_STATE_FULL = 2, /* no room to keep a connect in flight */
  NSOBS_LOST_CAUSES = 3,
};

/* ---- identities ------------------------------------------------------------------------------ */

/*
 * id is ns_common.ns_id (Linux 6.18), for net namespaces else the net cookie; 0 where the kernel
 * has neither: then the inode and the birth that userspace saw are the identity.
 */
struct nsobs_namespaces {
  __u32 inode[NSOBS_NS_KINDS];
  __u64 id[NSOBS_NS_KINDS];
};
NSOBS_ASSERT_SIZE(struct nsobs_namespaces, 96);

/*
 * The cgroup that names the container: the one of the unified hierarchy (hierarchy 0) unless that
 * is its root, else the one of the v1 memory hierarchy. kernfs ids are unique within a hierarchy.
 */
struct nsobs_cgroup {
  __u64 id;
  __u32 hierarchy;
  __u32 level; /* 0: the root of its hierarchy */
};
NSOBS_ASSERT_SIZE(struct nsobs_cgroup, 16);

/* Key of `watched_cgroups`: ids are unique within their hierarchy alone. */
struct nsobs_watched {
  __u64 id;
  __u32 hierarchy;
  __u32 pad;
};
NSOBS_ASSERT_SIZE(struct nsobs_watched, 16);

struct nsobs_process {
  __u64 start_boot_ns; /* of the thread group leader: with pid, the identity of the process */
  struct nsobs_cgroup cgroup;
  struct nsobs_namespaces ns;
  __u32 pid; /* thread group id */
  __u32 tid;
  __u32 ns_pid; /* thread group id inside its own pid namespace */
  __u32 parent_pid;
  __u32 uid;       /* real uid in the initial user namespace */
  __u32 login_uid; /* 0xffffffff: never set */
  char comm[NSOBS_COMM_LEN];
};
NSOBS_ASSERT_SIZE(struct nsobs_process, 160);

/* What a pass over all processes gives, back to back and not on a ring (host_tasks.bpf.c). */
struct nsobs_host_task {
  struct nsobs_process process; /* a thread group leader; no kernel thread */
  __u32 zombie;                 /* 1: it ended, and only its parent doesn't know yet */
  __u32 pad;
};
NSOBS_ASSERT_SIZE(struct nsobs_host_task, 168);

/* Which file a process executes. The device is the kernel's own dev_t: major << 20 | minor. */
struct nsobs_executable {
  __u64 inode; /* 0: not known */
  __u32 device;
  __u8 nameless; /* 1: it has no name any more, or never had one (memfd) */
  __u8 pad[3];
};
NSOBS_ASSERT_SIZE(struct nsobs_executable, 16);

struct nsobs_ancestor {
  __u64 start_boot_ns;
  __u32 pid; /* 0: none */
  __u32 pad;
  struct nsobs_executable executable;
  char comm[NSOBS_COMM_LEN];
};
NSOBS_ASSERT_SIZE(struct nsobs_ancestor, 48);

/* ---- records on the rings -------------------------------------------------------------------- */

struct nsobs_header {
  __u16 version; /* NSOBS_ABI_VERSION */
  __u16 size;    /* of the whole record */
  __u8 kind;     /* enum nsobs_kind */
  __u8 epoch;    /* 0 or 1: which set of tallies counted it */
  __u16 cpu;
  __u64 boot_ns;
};
NSOBS_ASSERT_SIZE(struct nsobs_header, 16);

enum nsobs_ns_operation {
  NSOBS_OP_SETNS = 1,
  NSOBS_OP_UNSHARE = 2,
  NSOBS_OP_CLONE = 3,
};

struct nsobs_namespace_change {
  struct nsobs_header h;
  struct nsobs_process
      process; /* who did it; ns is what it has afterwards, for clone what it keeps */
  struct nsobs_namespaces from;
  struct nsobs_namespaces
      to;          /* for clone those of the child; pid: ..._for_children on unshare and setns */
  __u32 flags;     /* CLONE_NEW* asked for; for setns by ns fd the type argument */
  __s32 error;     /* 0 or a positive errno */
  __u32 operation; /* enum nsobs_ns_operation */
  __u32 child_pid; /* clone only */
  __u8 changed;    /* bit per enum nsobs_ns_kind */
  __u8 pad[3];
  __u32 child_ns_pid;
  struct nsobs_executable executable; /* of who did it */
};
NSOBS_ASSERT_SIZE(struct nsobs_namespace_change, 408);

enum nsobs_protocol {
  NSOBS_PROTO_TCP = 1,
  NSOBS_PROTO_UDP = 2,
  NSOBS_PROTO_UNIX_STREAM = 3,
  NSOBS_PROTO_UNIX_DGRAM = 4, /* also SOCK_SEQPACKET's own number is 5 */
  NSOBS_PROTO_UNIX_SEQPACKET = 5,
  NSOBS_PROTO_OTHER = 6,
  NSOBS_PROTO_END = 7,
};

enum nsobs_connect_phase {
  NSOBS_PHASE_IMMEDIATE = 1, /* the call itself returned the error and no SYN was sent */
  NSOBS_PHASE_LATER = 2,     /* the attempt was under way: refused, reset, timed out, ICMP */
  NSOBS_PHASE_ABANDONED = 3, /* closed (ECANCELED) or killed (EINTR) while connecting */
};

enum nsobs_destination_source {
  NSOBS_DEST_NONE = 0,
  NSOBS_DEST_SOCKET = 1, /* kernel memory: what is on the wire */
  NSOBS_DEST_CALLER = 2, /* the caller's sockaddr, read after the call failed: nothing was sent */
};

struct nsobs_connect_failure {
  struct nsobs_header h;
  struct nsobs_process process; /* pid 0: not known (ICMP error on a socket that never connected) */
  __u64 duration_ns;            /* 0: not known */
  __u8 remote[16];              /* 4 bytes used for AF_INET */
  __u8 local[16];
  __u16 remote_port;
  __u16 local_port;
  __u16 family;  /* AF_INET, AF_INET6, AF_UNIX */
  __u8 protocol; /* enum nsobs_protocol */
  __u8 phase;    /* enum nsobs_connect_phase */
  __s32 error;   /* positive errno */
  __u8 destination_source;
  __u8 path_len; /* bytes of path that count; a leading NUL byte: abstract name */
  __u8 pad[2];
  char path[NSOBS_UNIX_PATH_LEN];
  __u32 pad2;
  __u64 run; /* see struct nsobs_run; 0: none */
};
NSOBS_ASSERT_SIZE(struct nsobs_connect_failure, 352);

enum nsobs_signal_result {
  NSOBS_SIGNAL_DELIVERED = 1, /* queued for a thread that takes it */
  NSOBS_SIGNAL_IGNORED = 2,   /* discarded by the kernel */
  NSOBS_SIGNAL_BLOCKED = 3,   /* queued, but blocked by the thread (single-threaded or addressed) */
  NSOBS_SIGNAL_PENDING = 4,   /* one was pending already (merged), or it waits for some thread */
  NSOBS_SIGNAL_OVERFLOW = 5,  /* queue limit reached: EAGAIN to the sender, or details lost */
  NSOBS_SIGNAL_RESULTS = 6,
};

struct nsobs_signal {
  struct nsobs_header h;
  struct nsobs_process target;
  struct nsobs_process sender; /* the current task; pid 0 in interrupt context */
  __s32 signal;
  __s32 code;     /* si_code; SI_KERNEL (0x80) for the kernel's own */
  __u8 result;    /* enum nsobs_signal_result */
  __u8 group;     /* 1: to the process, 0: to one thread */
  __u8 by_kernel; /* 1: not sent by a call of the sender (fault, OOM, tty, timer, namespace end) */
  __u8 handler;   /* 0 default, 1 ignore, 2 a handler: the target's disposition */
  __u32 pad;
  __u64 run; /* see struct nsobs_run; 0: none */
};
NSOBS_ASSERT_SIZE(struct nsobs_signal, 360);

enum nsobs_oom_reason {
  NSOBS_OOM_CGROUP = 1,   /* the victim's own cgroup */
  NSOBS_OOM_ANCESTOR = 2, /* an ancestor of it */
  NSOBS_OOM_HOST = 3,
};

struct nsobs_oom_kill {
  struct nsobs_header h;
  struct nsobs_process victim;
  struct nsobs_process trigger;      /* whose allocation failed */
  struct nsobs_cgroup victim_memory; /* memory cgroup of the victim */
  struct nsobs_cgroup limit;         /* the cgroup whose limit was reached; id 0: host */
  __u64 limit_bytes;                 /* 0xffffffffffffffff: none */
  __u64 usage_bytes;
  __u64 anon_bytes;
  __u64 file_bytes;
  __u64 shmem_bytes;
  __s32 oom_score_adj;
  __u32 reason; /* enum nsobs_oom_reason */
};
NSOBS_ASSERT_SIZE(struct nsobs_oom_kill, 416);

struct nsobs_cgroup_change {
  struct nsobs_header h;
  struct nsobs_cgroup cgroup;
  __u32 born; /* 1 mkdir, 0 rmdir */
  __u16 path_len;
  __u8 truncated;
  __u8 pad;
  char path[NSOBS_PATH_LEN]; /* from the root of its hierarchy */
};
NSOBS_ASSERT_SIZE(struct nsobs_cgroup_change, 368);

#define NSOBS_ANCESTORS \
  2 /* parent and its parent: processes that fork without an exec have no record */

struct nsobs_process_exec {
  struct nsobs_header h;
  struct nsobs_process process;
  struct nsobs_executable executable;
  struct nsobs_ancestor ancestors[NSOBS_ANCESTORS]; /* the parent first */
  __u16 args_len;
  __u8 truncated;
  __u8 pad[5];
  char args[NSOBS_ARGS_LEN]; /* only args_len bytes are sent: h.size tells */
};
NSOBS_ASSERT_SIZE(struct nsobs_process_exec, 808);

struct nsobs_process_exit {
  struct nsobs_header h;
  struct nsobs_process process;
  __u64 lifetime_ns;
  __s32 exit_code;
  __s32 signal; /* 0: it exited by itself */
  __u8 core_dumped;
  __u8 pad[7];
};
NSOBS_ASSERT_SIZE(struct nsobs_process_exit, 200);

enum nsobs_drop_hook {
  NSOBS_HOOK_UNKNOWN = 0,
  NSOBS_HOOK_PREROUTING = 1, /* received and not routed yet: ingress or prerouting */
  NSOBS_HOOK_INPUT = 2,
  NSOBS_HOOK_FORWARD = 3, /* also the postrouting of what is forwarded */
  NSOBS_HOOK_OUTPUT = 4,  /* made here: output, postrouting or egress */
  NSOBS_HOOK_END = 5,
};

/* A TCP SYN or a UDP datagram that the packet filter dropped. */
struct nsobs_packet_drop {
  struct nsobs_header h;
  /* pid 0: not known who sent it. ns then has the net namespace where it was dropped, no more. */
  struct nsobs_process process;
  __u64 net_id; /* of the namespace where it was dropped, as in nsobs_namespaces */
  __u32 net_inode;
  __u16 family; /* AF_INET, AF_INET6 */
  __u8 protocol;
  __u8 hook; /* enum nsobs_drop_hook */
  __u8 source[16];
  __u8 destination[16];
  __u16 source_port;
  __u16 destination_port;
  __u32 pad;
  char interface[NSOBS_INTERFACE_LEN]; /* came in by it (or would have gone out) */
};
NSOBS_ASSERT_SIZE(struct nsobs_packet_drop, 248);

enum nsobs_bind_operation {
  NSOBS_BIND_BIND = 1,
  NSOBS_BIND_LISTEN = 2,
};

struct nsobs_bind_failure {
  struct nsobs_header h;
  struct nsobs_process process;
  __u8 address[16];
  __u16 port;
  __u16 family;
  __u8 protocol;
  __u8 operation;      /* enum nsobs_bind_operation */
  __u8 address_source; /* enum nsobs_destination_source: the caller's for bind */
  __u8 path_len;
  __s32 error;
  char path[NSOBS_UNIX_PATH_LEN];
};
NSOBS_ASSERT_SIZE(struct nsobs_bind_failure, 312);

enum nsobs_file_operation {
  NSOBS_FILE_OPEN = 1, /* open, creat, openat, openat2 */
  NSOBS_FILE_WRITE = 2,
  NSOBS_FILE_MKDIR = 3,
  NSOBS_FILE_MOUNT = 4,
  NSOBS_FILE_UNLINK = 5, /* unlink, unlinkat, rmdir */
  NSOBS_FILE_RENAME = 6,
  NSOBS_FILE_END = 7, /* at most 8: overflow_slot() */
};

enum nsobs_path_source {
  NSOBS_PATH_NONE = 0,
  NSOBS_PATH_KERNEL = 1, /* the open file's own name, without folders (write) */
  NSOBS_PATH_CALLER = 2, /* the caller's string, read after the call failed: it may have changed */
};

struct nsobs_file_failure {
  struct nsobs_header h;
  struct nsobs_process process;
  __u64 flags; /* of open: O_*; of mount: MS_*; of unlinkat and renameat2: theirs */
  __s32 error;
  __u8 operation;   /* enum nsobs_file_operation */
  __u8 path_source; /* enum nsobs_path_source */
  __u16 path_len;
  __u8 truncated;
  __u8 pad[7];
  char path[NSOBS_FILE_PATH_LEN];
};
NSOBS_ASSERT_SIZE(struct nsobs_file_failure, 456);

enum nsobs_dns_outcome {
  NSOBS_DNS_NO_ANSWER = 1, /* none within the time, or none while the asking socket was open */
  NSOBS_DNS_SERVFAIL = 2,  /* RFC 1035 4.1.1: RCODE 2 */
  NSOBS_DNS_REFUSED = 3,   /* RCODE 5 */
  NSOBS_DNS_END = 4,
};

/* A query to port 53 that got no answer, or one that says that the server can't or won't. */
struct nsobs_dns_failure {
  struct nsobs_header h;
  /* pid 0: not known who asked. ns then has the net namespace of the socket, no more. */
  struct nsobs_process process;
  __u64 duration_ns; /* from the query to the answer, or for how long there was none */
  __u64 net_id;      /* of the socket's net namespace, as in nsobs_namespaces */
  __u32 net_inode;
  __u16 family; /* AF_INET, AF_INET6 */
  __u16 port;
  __u8 server[16]; /* as the program asked it: before the namespace's own translation */
  __u8 protocol;
  __u8 outcome;      /* enum nsobs_dns_outcome */
  __u8 given_up;     /* no answer: the socket was closed before the time was over */
  __u8 question_len; /* bytes of question that count */
  __u32 pad;
  char question[NSOBS_DNS_QUESTION_LEN]; /* the first, as on the wire: labels, type, class */
};
NSOBS_ASSERT_SIZE(struct nsobs_dns_failure, 360);

/* ---- exact counters -------------------------------------------------------------------------- */

enum nsobs_counter_family {
  NSOBS_COUNT_CONNECT_FAILURE = 1,   /* a: protocol, b: errno; ns: net */
  NSOBS_COUNT_SIGNAL = 2,            /* a: signal, b: result; ns: pid of the target */
  NSOBS_COUNT_OOM_KILL = 3,          /* a: reason; ns: pid of the victim */
  NSOBS_COUNT_NAMESPACE_CHANGE = 4,  /* a: operation, b: kind; ns: mnt of the doer before */
  NSOBS_COUNT_NAMESPACE_FAILURE = 5, /* a: operation, b: errno; ns: mnt */
  NSOBS_COUNT_SIGNAL_DELIVERED = 6,  /* a: signal, b: 0 default, 2 handler; ns: pid */
  NSOBS_COUNT_PACKET_DROP = 7,       /* a: protocol, b: hook; ns: net where it was dropped */
  NSOBS_COUNT_BIND_FAILURE = 8,      /* a: protocol, b: errno; ns: net */
  NSOBS_COUNT_FILE_FAILURE = 9,      /* a: operation, b: errno; ns: mnt */
  NSOBS_COUNT_DNS_FAILURE = 10,      /* a: protocol, b: outcome; ns: net of the socket */
  NSOBS_COUNT_DNS_ANSWER = 11,       /* a: protocol, b: RCODE (0..15); ns: net of the socket */
  NSOBS_COUNT_END = 12,
};
/* Of counters_overflow, in the place of family 0: not 0 once anything was counted there. */
#define NSOBS_OVERFLOW_USED 0

/* ns_id is the never-reused id where the kernel has one, else the inode. */
struct nsobs_counter_key {
  __u64 cgroup_id;
  __u64 ns_id;
  __u32 hierarchy;
  __u32 ns_inode;
  __u16 family;
  __u16 a;
  __u32 b;
};
NSOBS_ASSERT_SIZE(struct nsobs_counter_key, 32);

/*
 * Key of what is counted per container: TCP connects, losses, budgets. The namespace is the one
 * that matters for the event: net for connects, pid for signals, OOM kills and processes, mnt for
 * namespace changes.
 */
struct nsobs_owner_key {
  __u64 cgroup_id;
  __u64 ns_id;
  __u32 hierarchy;
  __u32 ns_inode;
};
NSOBS_ASSERT_SIZE(struct nsobs_owner_key, 24);

/*
 * Outcomes stand before attempts, and an attempt is counted before its outcome: a reader that
 * copies upwards never sees more outcomes than attempts.
 */
struct nsobs_tcp_connects {
  __u64 established;
  __u64 failed;
  __u64 abandoned;
  __u64 attempts;
};
NSOBS_ASSERT_SIZE(struct nsobs_tcp_connects, 32);

/* One for each (epoch, kind), per CPU. */
struct nsobs_tally {
  __u64 observed;
  __u64 lost[NSOBS_LOST_CAUSES];
};
NSOBS_ASSERT_SIZE(struct nsobs_tally, 32);

struct nsobs_loss_key {
  struct nsobs_owner_key owner;
  __u32 kind;
  __u32 cause;
};
NSOBS_ASSERT_SIZE(struct nsobs_loss_key, 32);

/* ---- runs of equal events that are counted without a record ---------------------------------- */

/* Slots for each kind and CPU (a power of two), words that have to be equal (which ones is the
 * kernel side's business); a run's number is its slot, shifted, and how many there were in it. */
#define NSOBS_RUN_SLOTS 32
#define NSOBS_RUN_KEY_WORDS 12
#define NSOBS_RUN_SLOT_SHIFT 40

enum nsobs_run_kind {
  NSOBS_RUN_SIGNAL = 0,
  NSOBS_RUN_CONNECT_FAILURE = 1,
  NSOBS_RUN_KINDS = 2,
};

/*
 * A slot of the array that both sides map: index (cpu * NSOBS_RUN_KINDS + kind) * NSOBS_RUN_SLOTS +
 * hash. The first event of a run is a record with the run's number. Equal ones that follow on the
 * same CPU are only counted here, and last_ns moves on, once in each tick of the kernel's: it is at
 * most a tick (1 to 10 ms) too early. They are in no other counter or tally:
 * whoever reads those adds what is here.
 *
 * Nothing is taken away behind userspace's back: a slot begins a new run only when userspace has
 * closed the one before, `counted` goes on for ever, and `base` is what it was when `run` began. So
 * no count is lost however late userspace looks; until then other events simply are records.
 * `run` is written after all else of a new run, and after its record is on the ring.
 */
struct nsobs_run {
  __u64 run;
  __u64 closed;     /* written by userspace: the run that takes no more events */
  __u64 counted[2]; /* by epoch */
  __u64 last_ns;
  __u64 last_tick; /* jiffies, when last_ns was read */
  __u64 base[2];
  __u32 begun; /* runs in this slot so far */
  __u32 busy;  /* a program of this CPU is at it: one that interrupts it keeps away */
  __u64 key[NSOBS_RUN_KEY_WORDS];
  struct nsobs_counter_key counter; /* what each of them counts as */
};
NSOBS_ASSERT_SIZE(struct nsobs_run, 200);

/* The programs that the observer's own deeds make run, so that one which has gone silent is
 * noticed: places in `beats`. */
enum nsobs_beat {
  NSOBS_BEAT_SIGNAL_GENERATE,
  NSOBS_BEAT_SIGNAL_DELIVER,
  NSOBS_BEAT_TCP_CONNECT,
  NSOBS_BEAT_CONNECT_CALL,
  NSOBS_BEAT_CONNECT_RETURN,
  NSOBS_BEAT_SETNS_CALL,
  NSOBS_BEAT_SETNS_RETURN,
  NSOBS_BEAT_UNSHARE_CALL,
  NSOBS_BEAT_UNSHARE_RETURN,
  NSOBS_BEAT_CLONE,
  NSOBS_BEAT_CLONE_FAILURE,
  NSOBS_BEAT_CLONE3_FAILURE,
  NSOBS_BEAT_BIND_CALL,
  NSOBS_BEAT_BIND_RETURN,
  NSOBS_BEAT_LISTEN_CALL,
  NSOBS_BEAT_LISTEN_RETURN,
  NSOBS_BEAT_OPEN,
  NSOBS_BEAT_CREAT,
  NSOBS_BEAT_OPENAT,
  NSOBS_BEAT_OPENAT2,
  NSOBS_BEAT_MKDIR,
  NSOBS_BEAT_MKDIRAT,
  NSOBS_BEAT_UNLINK,
  NSOBS_BEAT_RMDIR,
  NSOBS_BEAT_UNLINKAT,
  NSOBS_BEAT_RENAME,
  NSOBS_BEAT_RENAMEAT,
  NSOBS_BEAT_RENAMEAT2,
  NSOBS_BEAT_MOUNT,
  NSOBS_BEAT_WRITE,
  NSOBS_BEATS,
};

/* The host's pid namespace: PROC_PID_INIT_INO of include/linux/proc_ns.h, PID_NS_INIT_INO
 * since 6.18. */
#define NSOBS_HOST_PID_INODE 0xEFFFFFFCU

/* Set by userspace at any time; read once by each program run. */
struct nsobs_settings {
  __u64 told_signals;         /* bit (signal - 1) */
  __u64 told_ignored_signals; /* told when the result is ignored */
  __u64 bulk_rate_per_second;
  __u64 bulk_burst;
  __u64 context_rate_per_second; /* of exec and exit on the host, by which containers get their
                                    names */
  __u64 context_burst;
  __u64 abandoned_told_after_ns;
  __u64 run_window_ns;  /* a run ends when it pauses this long; 0: each event is a record */
  __u64 dns_timeout_ns; /* a DNS query that has no answer by then is told */
  __u32 epoch;
  __u32 beat_tid; /* what this thread does is counted in `beats` and nowhere else; 0: none */
  /* the observer's own looks into namespaces are its grandchildren; 0: none */
  __u32 own_zygote_pid;
  __u32 kretprobes; /* 1: returns are seen by kretprobes, which may miss some: lib/missed.h */
};
NSOBS_ASSERT_SIZE(struct nsobs_settings, 88);

/* Set by userspace before load. */
struct nsobs_constants {
  __u64 page_bytes;
  __u64 ring_quarter_bytes_critical; /* data waiting above this wakes the reader */
  __u64 ring_quarter_bytes_bulk;
  __u32
      memory_hierarchy; /* hierarchy id of the v1 memory controller; 0: it is on the unified one */
  __u32 syscall_hooks;  /* 1: the returns of connect() are seen */
  __u32 io_uring_hook;  /* 1: the completions of io_uring are seen */
  __u32 files_watched;  /* 1: file failures only of the cgroups in `watched_cgroups` */
  __u32 host_mnt_inode; /* mount namespace of the host's init; 0: not known */
};
NSOBS_ASSERT_SIZE(struct nsobs_constants, 48);

#endif /* NSOBS_BPF_EVENT_ABI_H_ */
