/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers of the kernel's interfaces; each keeps the kernel's own name. */
#ifndef NSOBS_BPF_LIB_CONSTANTS_H_
#define NSOBS_BPF_LIB_CONSTANTS_H_

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_UDPLITE 136

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_SEQPACKET 5

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EBADF 9
#define EACCES 13
#define EFAULT 14
#define EEXIST 17
#define ENOSPC 28
#define EROFS 30
#define ELOOP 40
#define ENOTSOCK 88
#define EADDRINUSE 98
#define EADDRNOTAVAIL 99
#define EISCONN 106
#define ETIMEDOUT 110
#define ECONNREFUSED 111
#define EALREADY 114
#define EINPROGRESS 115
#define EDQUOT 122
#define ECANCELED 125
#define MAX_USER_ERRNO 133 /* above it the kernel's own: ERESTARTSYS and the like */

#define CSIGNAL 0x000000ff /* clone(): the exit signal */
#define CLONE_NEWTIME 0x00000080
#define CLONE_NEWNS 0x00020000
#define CLONE_NEWCGROUP 0x02000000
#define CLONE_NEWUTS 0x04000000
#define CLONE_NEWIPC 0x08000000
#define CLONE_NEWUSER 0x10000000
#define CLONE_NEWPID 0x20000000
#define CLONE_NEWNET 0x40000000
#define CLONE_NEW_ANY                                                                           \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
   CLONE_NEWNET)

#define SO_EE_ORIGIN_ICMP 2

#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010 /* of io_uring, its polling threads too; since 5.12 */
#define PF_KTHREAD 0x00200000

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd

#define SKB_DST_PTRMASK (~1UL)
#define DST_METADATA 0x0080
#define RTN_UNICAST 1
#define RTF_LOCAL 0x80000000

/* include/trace/events/signal.h */
#define TRACE_SIGNAL_DELIVERED 0
#define TRACE_SIGNAL_IGNORED 1
#define TRACE_SIGNAL_ALREADY_PENDING 2
#define TRACE_SIGNAL_OVERFLOW_FAIL 3
#define TRACE_SIGNAL_LOSE_INFO 4

#define SIGKILL 9
#define SIGSTOP 19
#define SI_KERNEL 0x80
#define SI_USER 0
#define SI_QUEUE -1
#define SI_TKILL -6

/* Order of mm->rss_stat, include/linux/mm_types_task.h */
#define MM_FILEPAGES 0
#define MM_ANONPAGES 1
#define MM_SHMEMPAGES 3

/* enum memcg_memory_event, include/linux/memcontrol.h */
#define MEMCG_OOM 3

#define IORING_OP_CONNECT 16

#endif /* NSOBS_BPF_LIB_CONSTANTS_H_ */
