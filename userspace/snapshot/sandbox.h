// What the helper and its children give up before they look at anything.
//
// No Landlock: a process in a Landlock domain may not look at others through /proc (its ptrace hook
// refuses even readlink of /proc/PID/ns/net, tried on 6.18), and that is the child's job. That
// nothing is written is held by seccomp: files open for reading only, and no call that changes one
// is let through.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nsobs {

// Of the helper and all its children, for good: every capability but SYS_ADMIN (setns), SYS_PTRACE
// (/proc/PID/ns, root, fd), DAC_READ_SEARCH (files of other users) and NET_ADMIN (listing rules);
// no new privileges, not dumpable.
absl::Status DropPrivileges();

// Of a child: 512 MiB of memory, 2 s of CPU, 64 descriptors, no file to write, no process to begin.
absl::Status LimitResources();

// The system calls that a child may make. Built once, as building takes longer than a snapshot.
class SyscallFilter {
 public:
  static absl::StatusOr<SyscallFilter> Build();
  // From now on for this thread: exec, ptrace, mount, bpf and the like kill the process; what isn't
  // on the list fails with EPERM.
  absl::Status Apply() const;

 private:
  std::vector<sock_filter> program_;
};

}  // namespace nsobs
