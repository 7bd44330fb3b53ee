// Brings the indexes in line with what /proc and the runtimes' files show: at the start, and again
// at each reconciliation.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "userspace/correlation/host_scan.h"
#include "userspace/correlation/indexes.h"
#include "userspace/correlation/lifecycle.h"

namespace nsobs {

// Not thread-safe.
class HostView {
 public:
  // Both outlive this.
  HostView(Indexes* indexes, Lifecycle* lifecycle) : indexes_(*indexes), lifecycle_(*lifecycle) {}

  // `scan` was begun at `started_boot_ns`. `initial`: what runs was there before us; nothing of it
  // is told as a start.
  void Apply(HostScan scan, int64_t started_boot_ns, bool initial);

  // How many processes are in each of the host's own namespaces, as of the last scan.
  const absl::flat_hash_map<NamespaceKind, uint32_t>& host_counts() const { return host_counts_; }

  // As of the last scan: living processes with zombie children, most first, and what is mounted.
  const std::vector<std::pair<Process, uint32_t>>& zombies() const { return zombies_; }
  bool IsHeld(const NamespaceInfo& info) const {
    return held_.contains({info.kind, info.identity.inode});
  }
  // Where it is mounted in the observer's mount namespace; "" nowhere. Raw bytes.
  std::string MountPointOf(const NamespaceInfo& info) const;

 private:
  using InodeKey = NamespaceIndex::InodeKey;

  void Prepare(HostScan scan);
  void ForgetScan();
  void LearnEngines();
  void RememberProcesses();
  void TakeLists(int64_t boot_ns);
  // runsc doesn't write down when its sandbox started; 0 if `pid` can't be one.
  uint64_t StartOfSandbox(uint32_t pid) const;
  // The container whose init a process is that has no cgroup of a container; 0: none's.
  OwnerId ListedOwner(const Process& process, int64_t boot_ns);
  void Count();
  void TakeZombies(const std::map<uint32_t, uint32_t>& by_parent);
  void Place(const Process& process, int64_t boot_ns, bool initial);
  // The same by the arguments of the process that watches it, if that is root's of the host.
  OwnerId NamedByMonitor(const Process& init, int64_t boot_ns);
  void PlaceInContainer(Owner* owner, const Process& process, int64_t boot_ns, bool initial);
  bool AwaitsProgram(const Process& process, int64_t boot_ns) const;
  void SettlePlain(const Process& process, int64_t boot_ns, bool initial);
  void StartWithoutInit(int64_t boot_ns);
  void BuryOwners(int64_t started_boot_ns);
  void RefreshNames(int64_t boot_ns);
  void FindHeld();

  Indexes& indexes_;
  Lifecycle& lifecycle_;

  // Of the scan at hand; empty between two of them.
  std::vector<Process> processes_;  // by start
  absl::flat_hash_set<ProcessId> alive_;
  absl::flat_hash_map<ProcessId, OwnerId> listed_inits_;
  absl::flat_hash_map<ProcessId, RuntimeRecord> engines_inits_;  // asked about only if need be
  absl::flat_hash_map<OwnerId, const Process*> first_in_;  // the oldest process of each container
  absl::flat_hash_map<InodeKey, uint32_t> counts_;
  absl::flat_hash_map<NamespaceKind, uint32_t> host_counts_;
  std::vector<std::pair<Process, uint32_t>> zombies_;
  absl::flat_hash_set<InodeKey> held_;
  absl::flat_hash_map<InodeKey, std::string> mount_points_;  // of those in held_
};

}  // namespace nsobs
