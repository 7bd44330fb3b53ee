/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel types that we read, and of each only the fields that we read. CO-RE finds where they
 * lie in the running kernel, so this file does not depend on the kernel of the build host. Where a
 * field was renamed or retyped, the older shape stands beside it as a ___flavour with the commit.
 */
#ifndef NSOBS_BPF_LIB_TYPES_H_
#define NSOBS_BPF_LIB_TYPES_H_

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
  int counter;
} atomic_t;

typedef struct {
  long counter;
} atomic_long_t;

typedef struct {
  s64 counter;
} atomic64_t;

struct ns_common {
  unsigned int inum;
  u64 ns_id; /* since 6.18: nstree */
};

struct uts_namespace {
  struct ns_common ns;
};
struct ipc_namespace {
  struct ns_common ns;
};
struct mnt_namespace {
  struct ns_common ns;
};
struct pid_namespace {
  struct ns_common ns;
  unsigned int level;
};
struct user_namespace {
  struct ns_common ns;
};
struct time_namespace {
  struct ns_common ns;
};
struct cgroup_namespace {
  struct ns_common ns;
};
struct net {
  struct ns_common ns;
  u64 net_cookie; /* plain since 5.12 (3d368ab87cf6), before that made on first use */
};

struct nsproxy {
  struct uts_namespace* uts_ns;
  struct ipc_namespace* ipc_ns;
  struct mnt_namespace* mnt_ns;
  struct pid_namespace* pid_ns_for_children;
  struct net* net_ns;
  struct time_namespace* time_ns;
  struct time_namespace* time_ns_for_children;
  struct cgroup_namespace* cgroup_ns;
};

struct upid {
  int nr;
  struct pid_namespace* ns;
};

struct pid {
  unsigned int level;
  struct upid numbers[1];
};

typedef struct {
  unsigned int val;
} kuid_t;

struct cred {
  kuid_t uid;
  struct user_namespace* user_ns;
};

struct kernfs_node {
  u64 id;
};

struct cgroup_root {
  int hierarchy_id;
};

struct cgroup_subsys_state {
  struct cgroup* cgroup;
  struct cgroup_subsys_state* parent;
};

struct cgroup {
  struct cgroup_subsys_state self;
  int level;
  struct kernfs_node* kn;
  struct cgroup_root* root;
};

enum cgroup_subsys_id {
  memory_cgrp_id = 4, /* the real value comes by CO-RE */
};

struct css_set {
  struct cgroup_subsys_state* subsys[16];
  struct cgroup* dfl_cgrp;
};

struct page_counter {
  atomic_long_t usage;
  unsigned long max;
};

struct mem_cgroup {
  struct cgroup_subsys_state css;
  struct page_counter memory;
  struct page_counter memsw;
  atomic_long_t memory_events_local[9];
};

struct percpu_counter {
  s64 count;
};

struct mm_struct {
  unsigned long arg_start;
  unsigned long arg_end;
  struct file* exe_file;
  struct percpu_counter rss_stat[4]; /* since 6.2 (f1a7941243c1) */
};

struct mm_rss_stat {
  atomic_long_t count[4];
};

struct mm_struct___before_6_2 {
  struct mm_rss_stat rss_stat;
};

typedef struct {
  unsigned long sig[1];
} sigset_t;

struct sigaction {
  void* sa_handler;
};

struct k_sigaction {
  struct sigaction sa;
};

struct sighand_struct {
  struct k_sigaction action[64];
};

struct signal_struct {
  atomic_t live;
  int nr_threads;
  int group_exit_code;
  short oom_score_adj;
};

struct kernel_siginfo {
  int si_signo;
  int si_code;
};

struct super_block {
  u32 s_dev;
};

struct inode {
  unsigned long i_ino;
  unsigned int i_nlink;
  struct super_block* i_sb;
};

struct vfsmount {
  int mnt_flags;
};

struct mount {
  struct vfsmount mnt;
  struct mnt_namespace* mnt_ns;
};

struct qstr {
  const unsigned char* name;
};

struct dentry {
  struct qstr d_name;
};

struct path {
  struct vfsmount* mnt;
  struct dentry* dentry;
};

struct file {
  void* private_data;
  struct inode* f_inode;
  struct path f_path;
};

struct fdtable {
  unsigned int max_fds;
  struct file** fd;
};

struct files_struct {
  struct fdtable* fdt;
};

struct io_uring_task;

struct task_struct {
  void* stack;
  unsigned int flags;
  int exit_state;
  int exit_code;
  int pid;
  int tgid;
  struct task_struct* real_parent;
  struct task_struct* group_leader;
  struct pid* thread_pid;
  u64 start_boottime;
  const struct cred* real_cred;
  char comm[16];
  struct files_struct* files;
  struct nsproxy* nsproxy;
  struct signal_struct* signal;
  struct sighand_struct* sighand;
  sigset_t blocked;
  kuid_t loginuid;
  struct mm_struct* mm;
  struct css_set* cgroups;
  struct io_uring_task* io_uring; /* since 5.10 (0f2122045b94) */
};

struct in6_addr {
  union {
    __u8 u6_addr8[16];
  } in6_u;
};

typedef struct {
  struct net* net;
} possible_net_t;

struct sock_common {
  __be32 skc_daddr;
  __be32 skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num;
  unsigned short skc_family;
  volatile unsigned char skc_state;
  possible_net_t skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
  atomic64_t skc_cookie;
};

struct sock_cgroup_data {
  struct cgroup* cgroup; /* since 5.16 (8520e224f547), before that a tagged integer */
};

typedef enum { SS_FREE = 0, SS_UNCONNECTED = 1, SS_CONNECTING = 2 } socket_state;

struct socket {
  socket_state state;
  short type;
  struct file* file;
  struct sock* sk;
};

struct net_device {
  possible_net_t nd_net;
  int ifindex;
  char name[16];
};

struct dst_entry {
  struct net_device* dev;
  unsigned short flags;
};

struct rtable {
  u16 rt_type;
};

struct rt6_info {
  u32 rt6i_flags;
};

enum skb_drop_reason {
  SKB_DROP_REASON_NETFILTER_DROP = 12, /* the real value comes by CO-RE; since 5.18 */
};

struct sk_buff {
  struct net_device* dev;
  struct sock* sk;
  char cb[48];
  unsigned long _skb_refdst;
  unsigned long _nfct; /* a struct nf_conn, with its state in the lowest three bits */
  unsigned int len;
  unsigned int data_len;
  int skb_iif;
  __be16 protocol;
  u16 network_header;
  unsigned char* head;
  unsigned char* data;
};

struct sock_extended_err {
  __u32 ee_errno;
  __u8 ee_origin;
};

struct sock_exterr_skb {
  struct sock_extended_err ee;
};

struct sk_buff_head {
  struct sk_buff* prev;
  __u32 qlen;
};

struct sock {
  struct sk_buff_head sk_error_queue;
  struct sock_common __sk_common;
  int sk_err;
  int sk_err_soft;
  u16 sk_type;
  u16 sk_protocol;
  struct socket* sk_socket;
  struct sock_cgroup_data sk_cgrp_data;
  void* sk_bpf_storage; /* NULL: it has none in any map */
};

struct inet_sock {
  __be16 inet_sport;
};

struct inet_connection_sock {
  u8 icsk_retransmits;
};

struct tcp_sock {
  u32 packets_out;
  u32 rcv_nxt;
};

struct socket_alloc {
  struct socket socket;
  struct inode vfs_inode;
};

struct linux_binprm {
  const char* filename;
};

struct seq_file;

struct bpf_iter_meta {
  struct seq_file* seq;
};

/* Context of iter/task, since 5.8 (eaaacd23910f). */
struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task; /* NULL: the pass has ended */
};

#ifdef __TARGET_ARCH_arm64
struct pt_regs {
  u64 regs[31];
  u64 orig_x0;
};
#else
struct pt_regs {
  unsigned long r10;
  unsigned long ax;
  unsigned long dx;
  unsigned long si;
  unsigned long di;
};
#endif

struct io_cqe {
  u64 user_data;
  s32 res;
};

struct io_cmd_data {
  __u8 data[56];
};

struct io_kiocb {
  struct file* file;
  u8 opcode;
  struct io_cqe cqe;
  struct io_cmd_data cmd;
};

struct io_uring_cqe {
  u64 user_data;
  s32 res;
};

#pragma clang attribute pop

/* Contexts of the syscall tracepoints: a stable format, see events/syscalls/.../format in tracefs.
 */
struct trace_event_raw_sys_enter {
  u64 common;
  long id;
  unsigned long args[6];
};

struct trace_event_raw_sys_exit {
  u64 common;
  long id;
  long ret;
};

#endif /* NSOBS_BPF_LIB_TYPES_H_ */
