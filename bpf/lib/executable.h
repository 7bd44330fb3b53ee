/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which file a task executes, and who its parents are: facts that no name can pretend. A runtime
 * executes copies of itself from memory (memfd) or from a mount that is nowhere: those have no name
 * any more, and say so.
 */
#ifndef NSOBS_BPF_LIB_EXECUTABLE_H_
#define NSOBS_BPF_LIB_EXECUTABLE_H_

#include "bpf/lib/process.h"

#define LAST_ERRNO 4095UL

/* NULL: lazily unmounted; an error: a mount of the kernel's own, as that of memfd. */
static __always_inline bool is_mounted_nowhere(struct file* file) {
  void* part = FOLLOW(file, f_path.mnt);
  void* mount = part - bpf_core_field_offset(struct mount, mnt);
  struct mnt_namespace* ns = BPF_CORE_READ((struct mount*)mount, mnt_ns);

  return !ns || (unsigned long)ns >= -LAST_ERRNO;
}

/* Inode 0: not known, as for kernel threads. */
static __always_inline void read_executable(struct nsobs_executable* out,
                                            struct task_struct* task) {
  struct mm_struct* mm = FOLLOW(task, mm);
  struct file* file;
  struct inode* inode;

  __builtin_memset(out, 0, sizeof(*out));
  if (!mm) return;
  file = FOLLOW(mm, exe_file);
  if (!file) return;
  inode = FOLLOW(file, f_inode);
  out->inode = FOLLOW(inode, i_ino);
  out->device = FOLLOW(inode, i_sb, s_dev);
  out->nameless = FOLLOW(inode, i_nlink) == 0 || is_mounted_nowhere(file);
}

static __always_inline void read_ancestor(struct nsobs_ancestor* out, struct task_struct* task) {
  struct task_struct* leader = FOLLOW(task, group_leader);

  out->start_boot_ns = FOLLOW(leader, start_boottime);
  out->pid = FOLLOW(task, tgid);
  out->pad = 0;
  read_executable(&out->executable, task);
  bpf_probe_read_kernel(out->comm, sizeof(out->comm), leader->comm);
}

#endif /* NSOBS_BPF_LIB_EXECUTABLE_H_ */
