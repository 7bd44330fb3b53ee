// What the kernel's exec and exit records said about processes: above all their arguments, which
// are never read from /proc.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "userspace/event/event.h"

namespace nsobs {

// A pid that stays one process: /proc tells the start in clock ticks, the kernel side in
// nanoseconds; this is what both agree on.
struct ProcessId {
  uint32_t pid = 0;
  uint64_t start_ticks = 0;

  friend bool operator==(const ProcessId&, const ProcessId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const ProcessId& p) {
    return H::combine(std::move(h), p.pid, p.start_ticks);
  }
};
ProcessId IdOf(const Process& process);
ProcessId IdOf(const ProcessKey& key);

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
  };

  explicit ProcessIndex(Limits limits) : limits_(limits) {}

  void Exec(const Process& process, const ProcessExec& exec, int64_t boot_ns);
  void Exit(const Process& process, int64_t boot_ns);
  void OomKill(const Process& victim);
  // From /proc, before any record: no arguments unless `args` is given.
  void Add(const Process& process, std::optional<std::string> args);

  // nullptr: not known. Valid until the next change.
  const Entry* Find(const ProcessId& id) const;

  // Sets exe_args from the process's own last exec, or from its parent's if the process was forked
  // after that and runs the same program still.
  void FillArgs(Process* process) const;

  void DropDead(int64_t now_boot_ns);
  size_t size() const { return entries_.size(); }

 private:
  Entry* Touch(const Process& process);
  void Erase(const ProcessId& id);
  void MakeRoom(const CgroupKey& cgroup);

  const Limits limits_;
  absl::flat_hash_map<ProcessId, Entry> entries_;
  absl::flat_hash_map<uint32_t, ProcessId> by_pid_;                  // the youngest with this pid
  absl::flat_hash_map<CgroupKey, std::deque<ProcessId>> by_cgroup_;  // oldest first
  std::deque<ProcessId> by_age_;                                     // oldest first
  std::deque<std::pair<int64_t, ProcessId>> dead_;                   // oldest first
};

}  // namespace nsobs
