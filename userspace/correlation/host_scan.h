// One pass over all processes, with their namespaces and cgroups: out of a list of the kernel, or
// by /proc. No command line, environment or memory map is read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "userspace/correlation/proc_text.h"
#include "userspace/event/host_task.h"
#include "userspace/event/process.h"

namespace nsobs {

// A thread group leader. Kernel threads and zombies are left out;
// of the latter there is only a count.
struct HostProcess {
  uint32_t pid = 0;
  uint32_t parent_pid = 0;
  uint32_t ns_pid = 0;  // 0: in the host's pid namespace, where it equals pid
  uint32_t uid = 0;
  uint64_t start_ticks = 0;
  uint64_t start_boot_ns = 0;  // 0: only known by ticks
  std::string comm;            // raw bytes
  // Inode 0: could not be read. That is never taken for a new namespace.
  NamespaceSet namespaces;
  ProcCgroup cgroup;
  // Known without a path, from the kernel's list; `cgroup` is empty then.
  struct CgroupPlace {
    CgroupKey key;
    uint32_t level = 0;
  };
  std::optional<CgroupPlace> place;
};

struct HostScan {
  NamespaceSet host;  // of the machine itself; ids are left 0
  std::vector<HostProcess> processes;
  std::map<uint32_t, uint32_t> zombies;  // how many, by the pid of the parent
};

// Whether the process with this folder in /proc is the kernel's own, from which its threads come.
bool IsKthreadd(const std::string& process_dir);

// The namespaces of the machine: those of pid 1 if they can be read, else of kthreadd, else of
// this process.
NamespaceSet ReadHostNamespaces(const std::string& proc_root);

// About 30 us a process. Processes that end meanwhile are left out. Fails if `proc_root` can't be
// opened.
absl::StatusOr<HostScan> ScanProcesses(const std::string& proc_root);

// The same out of the kernel's own list of processes; the namespaces of the machine are read in
// `proc_root`. Pids are those of the host.
HostScan ScanOf(absl::Span<const HostTask> tasks, const std::string& proc_root);

// One process; NOT_FOUND if it ended.
absl::StatusOr<HostProcess> ScanProcess(const std::string& proc_root, const NamespaceSet& host,
                                        uint32_t pid);

}  // namespace nsobs
