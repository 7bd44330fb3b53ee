// What the kernel's exec and exit records said about processes: above all their arguments, which
// are never read from /proc.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/container/node_hash_map.h"
#include "absl/time/time.h"
#include "userspace/correlation/lineage.h"
#include "userspace/event/event.h"

namespace nsobs {

// Bounded, so that a fork bomb forgets its own processes before those of others. Not thread-safe.
class ProcessIndex {
 public:
  struct Limits {
    size_t processes = 16384;
    size_t per_cgroup = 4096;
    absl::Duration linger = absl::Seconds(60);  // how long a dead one is remembered
  };

  struct Entry {
    Process process;         // as of the last exec
    std::string args;        // words separated by spaces; raw bytes
    bool have_args = false;  // false: known from the host scan only
    int64_t exec_boot_ns = 0;
    int64_t died_boot_ns = 0;  // 0: alive
    bool oom_killed = false;
    Lineage lineage;  // with the parent as of the first sight; nullptr: never seen to run a program
  };

  explicit ProcessIndex(Limits limits) : limits_(limits) {}

  void Exec(const Process& process, const ProcessExec& exec, int64_t boot_ns);
  void Exit(const Process& process, int64_t boot_ns);
  void OomKill(const Process& victim);
  // From /proc, before any record: no arguments unless `args` is given. Parents come first.
  void Add(const Process& process, std::optional<std::string> args, const Executable& executable);

  // nullptr: not known. Valid until the next change.
  const Entry* Find(const ProcessId& id) const;

  // Sets exe_args from the process's own last exec, or from its parent's if the process was forked
  // after that and runs the same program still.
  void FillArgs(Process* process) const;

  // Of a process that runs `executable` (if that is known), also if it only forked: then its parent
  // is who the record says, as far as known. Never nullptr.
  Lineage LineageOf(const Process& process, const Executable& executable) const;

  // Who had this pid when `child` began; nullptr if not known.
  const Entry* FindParent(uint32_t pid, const Process& child) const;

  void DropDead(int64_t now_boot_ns);
  size_t size() const { return entries_.size(); }

 private:
  Entry* Touch(const Process& process);
  Lineage ParentLineage(const Process& process, const std::vector<Forebear>& forebears);
  Lineage TakeForebear(const Process& child, const Forebear& forebear, const Forebear* parent);
  void Erase(const ProcessId& id);
  void MakeRoom(const CgroupKey& cgroup);

  const Limits limits_;
  // Most cgroups have one process, and an empty std::deque takes 600 bytes.
  using Queue = absl::InlinedVector<ProcessId, 1>;

  absl::node_hash_map<ProcessId, Entry> entries_;    // large ones: no room for those to come
  absl::flat_hash_map<uint32_t, ProcessId> by_pid_;  // the youngest with this pid
  absl::flat_hash_map<CgroupKey, Queue> by_cgroup_;  // oldest first
  LineageCut last_cut_;
  std::deque<ProcessId> by_age_;                    // oldest first
  std::deque<std::pair<int64_t, ProcessId>> dead_;  // oldest first
};

}  // namespace nsobs
