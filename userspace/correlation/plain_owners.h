// Owners that are no containers: the names of `ip netns`, and processes that made namespaces by
// themselves (`unshare`).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "userspace/correlation/cgroup_index.h"
#include "userspace/correlation/namespace_index.h"
#include "userspace/correlation/owner_table.h"
#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// True for the programs that make namespaces for others: runtimes, engines, ip(8). `comm` is the
// name of a process, which anybody can choose: a lie only makes an owner appear later.
bool IsNamespaceMaker(std::string_view comm);

// Not thread-safe.
class PlainOwners {
 public:
  // All outlive this.
  PlainOwners(NamespaceIndex* namespaces, OwnerTable* owners, const ProcessIndex* processes,
              const CgroupIndex* cgroups)
      : namespaces_(*namespaces), owners_(*owners), processes_(*processes), cgroups_(*cgroups) {}

  // `process` of the host lives in namespaces that nobody owns: gives them to the plain owner whose
  // they are by descent, else to a new one named after the process. The owner is nullptr if there
  // was nothing to give, or no room.
  Owner* Claim(const Process& process, int64_t boot_ns);

  // True if a namespace of `process` has no owner.
  bool HasUnowned(const Process& process, int64_t boot_ns) const;
  // True if one of those was made by an engine, for the container that it is about to start.
  bool WaitsForEngine(const Process& process, int64_t boot_ns) const;
  // True if of one of those no record told yet who made it.
  bool HasUnread(const Process& process, int64_t boot_ns) const;

  // When we looked at the host first: namespaces of which records of before that speak, of whose
  // birth there is none, and that nobody owns, have lost their owner before we looked. Nobody knows
  // any more whose they were.
  void set_looked_boot_ns(int64_t boot_ns) { looked_boot_ns_ = boot_ns; }

  // An owner that waited for the name of a container, and has none: it is named after `process`.
  void NameForGood(const Process& process, Owner* owner);

  // Remembers who runs programs in a namespace: that decides whether a container that shows up in
  // it later was made in it, or joined.
  void NoteResident(const Process& process, int64_t boot_ns);

  // All the names of `ip netns` that there are now.
  void TakeNames(const std::vector<RuntimeRecord>& records, int64_t boot_ns);

  // Owners whose last namespace is gone are dead.
  void BuryHomeless(int64_t boot_ns);

 private:
  struct Homes {
    std::vector<NamespaceInfo*> unowned;
    Owner* plain = nullptr;  // owner of another namespace of the process
  };

  Homes Look(const Process& process, int64_t boot_ns) const;
  Owner* Inheritor(const Process& process, const Homes& homes) const;
  Owner* AddUnshare(const Process& process, const Homes& homes, int64_t boot_ns);
  void NameAfter(const Process& process, Owner* owner) const;
  // The unit of systemd whose first process this is: "nginx.service"; "" for any other process.
  std::string UnitOf(const Process& process) const;
  void TakeName(const RuntimeRecord& record, int64_t boot_ns);

  NamespaceIndex& namespaces_;
  OwnerTable& owners_;
  const ProcessIndex& processes_;
  const CgroupIndex& cgroups_;
  int64_t looked_boot_ns_ = 0;
  uint64_t last_unshare_ = 0;
};

}  // namespace nsobs
