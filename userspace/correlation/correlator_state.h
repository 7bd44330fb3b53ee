// The correlator's own state and the work on it, apart from locking.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/correlation/correlator.h"
#include "userspace/correlation/entry_judge.h"
#include "userspace/correlation/host_view.h"
#include "userspace/correlation/indexes.h"
#include "userspace/correlation/learner.h"
#include "userspace/correlation/lifecycle.h"

namespace nsobs {

// Not thread-safe.
class CorrelatorState {
 public:
  CorrelatorState(CorrelatorOptions options, const Clock* clock)
      : clock_(*clock),
        indexes_(std::move(options)),
        lifecycle_(&indexes_),
        learner_(&indexes_, &lifecycle_),
        view_(&indexes_, &lifecycle_),
        judge_(&indexes_) {
    indexes_.namespaces.SetHost(ReadHostNamespaces(indexes_.options.proc_root));
  }

  const std::string& proc_root() const { return indexes_.options.proc_root; }

  void TakeScan(HostScan scan, int64_t started_boot_ns, bool initial);
  void Learn(const Event& event) { learner_.Learn(event); }
  ObservedEvent Observe(Event event);
  ObservedEvent ObserveAgain(Event event);
  void LookAgain() { learner_.LookAgainForAll(clock_.BootNs()); }
  std::vector<ObservedEvent> TakeMade(int64_t patience_ns);
  bool HasMade() const { return lifecycle_.HasMade(); }
  std::vector<NamespaceRecord> TakeNamespaceChanges();
  std::vector<ContainerRef> TakeContainerChanges() { return indexes_.owners.TakeChanged(); }
  void Enrich(Enrichment enrichment);
  HostFacts TakeHostFacts();
  bool IsHosts(const CgroupKey& cgroup, NamespaceKind kind, const NamespaceIdentity& ns) const {
    const bool lives = cgroup.id == 0 || indexes_.cgroups.IsAlive(cgroup);
    return lives && indexes_.namespaces.IsHost(kind, ns);
  }
  bool KnowsCgroup(const CgroupKey& cgroup) const {
    return cgroup.id == 0 || indexes_.cgroups.PathOf(cgroup) != nullptr;
  }
  bool IsHostsNamespace(NamespaceKind kind, const NamespaceIdentity& ns) const {
    return ns.inode == 0 || indexes_.namespaces.IsHost(kind, ns);
  }
  std::shared_ptr<const Inventory> inventory();

 private:
  // Whose `process` is. `settle`: if nobody owns its namespaces, somebody shall.
  Attribution AttributionOf(const Process& process, NamespaceKind first, int64_t boot_ns,
                            bool settle);
  // The same, but with nothing said of an entry where the cgroup isn't known.
  Attribution CertainAttributionOf(const Process& process, NamespaceKind first, int64_t boot_ns,
                                   bool settle);
  NamespaceOwners OwnersOf(const Process& process, int64_t boot_ns);
  // The public object; an owner that was only known by its path is public from now on.
  ContainerRef RefOf(OwnerId id, int64_t boot_ns);
  Attribution WhosePacket(const Event& event);
  ContainerRef PeerOf(const Event& event);
  OwnerId TargetOf(const NamespaceChange& change, int64_t boot_ns);
  OwnerId SenderOf(const Event& event);  // of a signal; 0: none, or the host
  bool IsNameless(OwnerId id);
  bool IsPlumbing(const Process& process) const;
  void FillNames(Event* event);
  std::vector<LeakedNamespace> FindLeaked(int64_t now_boot_ns);

  const Clock& clock_;
  Indexes indexes_;
  Lifecycle lifecycle_;
  Learner learner_;
  HostView view_;
  EntryJudge judge_;
  bool has_host_facts_ = false;
  uint64_t scans_ = 0;
  uint64_t inventory_version_ = 0;
  std::shared_ptr<const Inventory> inventory_;
};

}  // namespace nsobs
