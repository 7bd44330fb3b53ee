// Names: which container, or other owner of namespaces, an event belongs to.
//
// Facts come from the kernel's records (births of cgroups, execs, exits, namespace changes), from
// /proc once at the start and at each Reconcile(), and from the files that runtimes leave on disk.
// No daemon is asked, and no file of a container is read. See userspace/README.md for the rules.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/base/clock.h"
#include "userspace/correlation/inventory.h"
#include "userspace/correlation/runtimes/roots.h"
#include "userspace/correlation/user_domain.h"
#include "userspace/event/enrichment.h"
#include "userspace/event/host_facts.h"
#include "userspace/event/host_task.h"
#include "userspace/event/observed_event.h"

namespace nsobs {

struct CorrelatorOptions {
  std::string proc_root = "/proc";
  std::string cgroup_root;  // "": found through <proc_root>/self/mountinfo
  RuntimeRoots roots;
  std::string passwd_path = "/etc/passwd";           // for the homes of users with containers
  std::string users_run = "/run/user";               // <uid>: XDG_RUNTIME_DIR of each
  UserDomainFn user_domain = ReadUserDomain;         // another one in tests without namespaces
  absl::Duration tombstone_ttl = absl::Minutes(10);  // how long the dead keep their names
  size_t max_containers = 10000;                     // alive and tombstones
  // The kernel's own list of processes, thirty times quicker than /proc. Where there is none, or it
  // fails, /proc is walked. Called by the correlator's thread.
  std::function<absl::StatusOr<std::vector<HostTask>>()> list_tasks;
};

// Used by one thread, the pipeline's; only inventory() may be called from any thread.
class Correlator {
 public:
  // `clock` outlives the correlator.
  Correlator(CorrelatorOptions options, const Clock* clock);
  ~Correlator();

  // Takes stock of what runs already. Before the first event; also enough by itself for listings.
  // Fails only if /proc can't be read at all.
  absl::Status ScanHost();

  // Takes in a record of context (cgroup_change, process_exec, process_exit) or any told event, in
  // rough order of time. Never fails: what can't be used is left out.
  void Learn(const Event& event);

  // Adds names, arguments, the wall time and the path of an OOM's cgroup. Does the Learn() of told
  // kinds itself.
  ObservedEvent Observe(Event event);

  // The same again for what awaits_name: names alone may be others by now. After LookAgain().
  ObservedEvent ObserveAgain(Event event);
  // Looks whether runtimes have written down what they had not. Bounded in rate by itself.
  void LookAgain();

  // container_start and container_exit that came to light since the last call. One that awaits_name
  // is kept back for a later call until it is this old.
  std::vector<ObservedEvent> TakeMade(absl::Duration patience = absl::ZeroDuration());
  bool HasMade() const;
  // Births and deaths of namespaces, and new owners of them, since the last call.
  std::vector<NamespaceRecord> TakeNamespaceChanges();
  // Containers that are new, renamed or dead since the last call; the object as it is now.
  std::vector<ContainerRef> TakeContainerChanges();

  // What the last Reconcile() (or ScanHost()) found that is wrong; empty if nothing is, or if it
  // was taken already. A leaked namespace is told as long as its container is remembered.
  HostFacts TakeHostFacts();

  // Compares with /proc and the runtimes' files: finds deaths, late names and renames, and drops
  // tombstones that are too old. To be called every few seconds; costs one pass over the processes.
  void Reconcile();

  // Adds what an engine said. Of a container that isn't known, is dead, or whose init is another by
  // now nothing is taken.
  void Enrich(Enrichment enrichment);

  // Is what was counted for them the host's own, as far as one can see now? The cgroup has to live,
  // and the namespace to be the host's. Thread-safe.
  bool IsHosts(const CgroupKey& cgroup, NamespaceKind kind, const NamespaceIdentity& ns) const;
  // Whose a kernel counter is by `inventory`, as of Inventory::OwnerOf(); nullptr also where only
  // an inode would say it, of a cgroup that is forgotten: the inode may be another's by now.
  // Thread-safe.
  ContainerRef OwnerOfCounter(const Inventory& inventory, const CgroupKey& cgroup,
                              NamespaceKind kind, const NamespaceIdentity& ns) const;
  // True also for one that could not be read. Thread-safe.
  bool IsHostsNamespace(NamespaceKind kind, const NamespaceIdentity& ns) const;

  // The state of now; built anew only after a change. Thread-safe.
  std::shared_ptr<const Inventory> inventory() const;

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace nsobs
