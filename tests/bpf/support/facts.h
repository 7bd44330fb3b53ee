// What a process says about itself, read from /proc in that process: the truth that events are
// compared with.
#pragma once

#include <cstdint>

namespace nsobs {

// Plain, so that a child can send it through a socket. Pids as the host's /proc shows them.
struct Facts {
  uint32_t pid = 0;
  uint32_t tid = 0;
  uint32_t ns_pid = 0;
  uint32_t parent_pid = 0;
  uint32_t uid = 0;
  uint32_t login_uid = 0;
  uint64_t start_ticks = 0;  // since boot, of the thread group leader
  char comm[16] = {};
  uint32_t ns_inode[8] = {};  // in the order of NamespaceKind
  uint64_t ns_id[8] = {};     // 0: this kernel does not tell (NS_GET_ID, Linux 6.18)
};

// Of the calling thread.
Facts ReadOwnFacts();

// Identity of the namespace behind an open file of /proc/PID/ns; id 0 where the kernel has none.
uint64_t NamespaceIdOf(int ns_fd);

}  // namespace nsobs
