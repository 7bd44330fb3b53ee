#include "userspace/correlation/correlator_state.h"

#include <utility>

#include "userspace/correlation/inventory_builder.h"

namespace nsobs {
namespace {

// The namespace that an event of this kind is about, as the kernel side keys its counters.
NamespaceKind MainNamespace(EventKind kind) {
  switch (kind) {
    case EventKind::kConnectFailure:
    case EventKind::kPacketDrop:
    case EventKind::kBindFailure:
    case EventKind::kDnsFailure:
      return NamespaceKind::kNet;
    case EventKind::kSignal:
    case EventKind::kOomKill:
    case EventKind::kProcessExec:
    case EventKind::kProcessExit:
    case EventKind::kContainerStart:
    case EventKind::kContainerExit:
      return NamespaceKind::kPid;
    case EventKind::kNamespaceChange:
    case EventKind::kCgroupChange:
    case EventKind::kLoss:
    case EventKind::kGap:
    case EventKind::kEntry:
    case EventKind::kFileFailure:
      return NamespaceKind::kMnt;
  }
  return NamespaceKind::kMnt;
}

}  // namespace

void CorrelatorState::TakeScan(HostScan scan, int64_t started_boot_ns, bool initial) {
  view_.Apply(std::move(scan), started_boot_ns, initial);
  if (initial) indexes_.plain.set_looked_boot_ns(started_boot_ns);
  const int64_t now = clock_.BootNs();
  learner_.LookAgainForAll(now);
  indexes_.processes.DropDead(now);
  indexes_.cgroups.DropTombstones(now);
  indexes_.namespaces.DropTombstones(now);
  indexes_.owners.DropTombstones(now);
  indexes_.finder.ForgetUnknownCgroups();
  ++scans_;
  has_host_facts_ = true;
}

NamespaceOwners CorrelatorState::OwnersOf(const Process& process, int64_t boot_ns) {
  NamespaceOwners owners{};
  for (NamespaceKind kind : kNamespaceKinds) {
    const NamespaceInfo* info = indexes_.namespaces.Find(kind, process.namespaces[kind], boot_ns);
    if (info != nullptr) owners[static_cast<size_t>(kind)] = &info->owners;
  }
  return owners;
}

Attribution CorrelatorState::AttributionOf(const Process& process, NamespaceKind first,
                                           int64_t boot_ns, bool settle) {
  if (process.pid == 0) return {};
  const OwnerId by_cgroup = learner_.OwnerByCgroup(process, boot_ns);
  Attribution whose = Attribute(by_cgroup, OwnersOf(process, boot_ns), first, indexes_.owners);
  if (!settle || by_cgroup != 0 || !HasForeign(process, indexes_.namespaces)) return whose;
  if (whose.container == 0) {
    for (NamespaceKind kind : kNamespaceKinds) {
      indexes_.namespaces.FindOrAdd(kind, process.namespaces[kind], boot_ns);
    }
    learner_.Settle(process, boot_ns, /*ran=*/false);
  } else {
    learner_.LookAgain(whose.container, boot_ns);
  }
  return Attribute(learner_.OwnerByCgroup(process, boot_ns), OwnersOf(process, boot_ns), first,
                   indexes_.owners);
}

Attribution CorrelatorState::CertainAttributionOf(const Process& process, NamespaceKind first,
                                                  int64_t boot_ns, bool settle) {
  Attribution whose = AttributionOf(process, first, boot_ns, settle);
  // Who is in a cgroup that nobody told us of may be at home in the container: no alarm for that.
  const bool unknown_cgroup =
      process.cgroup_level > 0 && indexes_.cgroups.PathOf(process.cgroup) == nullptr;
  if (unknown_cgroup && whose.entered_from == 0) whose.entered = false;
  return whose;
}

ContainerRef CorrelatorState::RefOf(OwnerId id, int64_t boot_ns) {
  Owner* owner = id == 0 ? nullptr : indexes_.owners.Get(id);
  if (owner == nullptr) return nullptr;
  if (!owner->named || !owner->confirmed) {
    indexes_.finder.TryName(owner, boot_ns, /*force=*/false);
    owner = indexes_.owners.Get(id);
    if (owner == nullptr) return nullptr;
  } else if (indexes_.finder.IsRenamed(owner, boot_ns)) {
    indexes_.finder.TryName(owner, boot_ns, /*force=*/true);
    owner = indexes_.owners.Get(id);
    if (owner == nullptr) return nullptr;
  }
  if (!owner->listed) {
    owner->listed = true;
    indexes_.owners.Publish(owner);
  }
  return indexes_.owners.RefAt(id, boot_ns);
}

OwnerId CorrelatorState::TargetOf(const NamespaceChange& change, int64_t boot_ns) {
  Process target;
  target.pid = change.child_pid != 0 ? change.child_pid : 1;  // only that it is one matters
  for (NamespaceKind kind : kNamespaceKinds) {
    if (change.Changed(kind)) target.namespaces[kind] = change.to[kind];
  }
  return Attribute(0, OwnersOf(target, boot_ns), NamespaceKind::kMnt, indexes_.owners).container;
}

// A packet without a known sender is the container's whose net namespace it was in.
Attribution CorrelatorState::WhosePacket(const Event& event) {
  Process place = event.process;
  place.pid = 1;  // only that it is one matters
  Attribution whose = AttributionOf(place, NamespaceKind::kNet, event.boot_ns, /*settle=*/false);
  whose.entered = false;
  return whose;
}

OwnerId CorrelatorState::SenderOf(const Event& event) {
  const auto* signal = std::get_if<Signal>(&event.detail);
  if (signal == nullptr) return 0;
  return AttributionOf(signal->sender, NamespaceKind::kPid, event.boot_ns, /*settle=*/true)
      .container;
}

// It is shown as "unknown", and may be a container.
bool CorrelatorState::IsNameless(OwnerId id) {
  const Owner* owner = id == 0 ? nullptr : indexes_.owners.Get(id);
  return owner != nullptr && owner->nameless;
}

ContainerRef CorrelatorState::PeerOf(const Event& event) {
  if (const auto* change = std::get_if<NamespaceChange>(&event.detail)) {
    return RefOf(TargetOf(*change, event.boot_ns), event.boot_ns);
  }
  return nullptr;
}

void CorrelatorState::FillNames(Event* event) {
  indexes_.processes.FillArgs(&event->process);
  if (auto* signal = std::get_if<Signal>(&event->detail)) {
    indexes_.processes.FillArgs(&signal->sender);
  }
  if (auto* oom = std::get_if<OomKill>(&event->detail)) {
    indexes_.processes.FillArgs(&oom->trigger);
    const std::string* path = indexes_.cgroups.PathOf(oom->limit_cgroup);
    if (path != nullptr) oom->cgroup_path = *path;
  }
}

// By the last program that it, or else the parent it was forked from, ran: elsewhere, or here?
bool CorrelatorState::IsPlumbing(const Process& process) const {
  const ProcessIndex::Entry* ran = indexes_.processes.Find(IdOf(process));
  if (ran == nullptr) ran = indexes_.processes.FindParent(process.parent_pid, process);
  if (ran == nullptr) return false;
  const uint32_t then = ran->process.namespaces[NamespaceKind::kMnt].inode;
  const uint32_t now = process.namespaces[NamespaceKind::kMnt].inode;
  return then != 0 && now != 0 && then != now;
}

ObservedEvent CorrelatorState::Observe(Event event) {
  const bool carries_news =
      event.kind == EventKind::kNamespaceChange || event.kind == EventKind::kOomKill;
  if (carries_news) learner_.Learn(event);
  FillNames(&event);
  return ObserveAgain(std::move(event));
}

ObservedEvent CorrelatorState::ObserveAgain(Event event) {
  // Who makes a namespace is still who it was; the namespace gets an owner when something runs in
  // it.
  const bool settle = event.kind != EventKind::kNamespaceChange;
  Attribution whose =
      CertainAttributionOf(event.process, MainNamespace(event.kind), event.boot_ns, settle);
  const bool is_packet =
      event.kind == EventKind::kPacketDrop || event.kind == EventKind::kDnsFailure;
  if (is_packet && event.process.pid == 0) whose = WhosePacket(event);
  const auto* oom = std::get_if<OomKill>(&event.detail);
  if (whose.container == 0 && oom != nullptr) {
    whose.container = indexes_.finder.OwnerOf(oom->victim_memory, event.boot_ns);
  }
  ObservedEvent observed;
  observed.container = RefOf(whose.container, event.boot_ns);
  observed.entered = whose.entered && observed.container != nullptr;
  observed.entered_from = observed.entered ? RefOf(whose.entered_from, event.boot_ns) : nullptr;
  const OwnerId sender = SenderOf(event);
  observed.peer = sender != 0 ? RefOf(sender, event.boot_ns) : PeerOf(event);
  // A change of namespaces is of those who make them, and told to the judge of entries, once.
  observed.awaits_name = event.kind != EventKind::kNamespaceChange &&
                         (IsNameless(whose.container) || IsNameless(sender));
  if (event.kind == EventKind::kFileFailure || event.kind == EventKind::kBindFailure) {
    observed.plumbing = IsPlumbing(event.process);
  }
  if (const auto* change = std::get_if<NamespaceChange>(&event.detail)) {
    const OwnerId target = TargetOf(*change, event.boot_ns);
    observed.entry = judge_.Judge(event.process, *change, target, event.boot_ns);
  }
  observed.wall_ns = observed.last_wall_ns = clock_.WallOfBootNs(event.boot_ns);
  observed.event = std::move(event);
  return observed;
}

std::vector<ObservedEvent> CorrelatorState::TakeMade(int64_t patience_ns) {
  std::vector<ObservedEvent> out;
  const int64_t old_boot_ns = clock_.BootNs() - patience_ns;
  for (MadeEvent& made : lifecycle_.Take()) {
    if (patience_ns > 0 && made.event.boot_ns > old_boot_ns && IsNameless(made.owner)) {
      lifecycle_.GiveBack(std::move(made));
      continue;
    }
    ObservedEvent observed;
    observed.container = RefOf(made.owner, made.event.boot_ns);
    observed.wall_ns = observed.last_wall_ns = clock_.WallOfBootNs(made.event.boot_ns);
    observed.event = std::move(made.event);
    out.push_back(std::move(observed));
  }
  return out;
}

std::vector<NamespaceRecord> CorrelatorState::TakeNamespaceChanges() {
  std::vector<NamespaceRecord> out;
  for (const NamespaceInfo* info : indexes_.namespaces.TakeChanged()) {
    out.push_back(ToRecord(*info, indexes_.owners));
  }
  return out;
}

void CorrelatorState::Enrich(Enrichment enrichment) {
  Owner* owner = indexes_.owners.FindByInit(IdOf(enrichment.init));
  if (owner == nullptr || !owner->facts.alive || owner->nested) return;
  if (owner->draft.runtime != enrichment.runtime || owner->draft.id != enrichment.id) return;
  if (!enrichment.silent) {
    owner->enrichment = std::make_unique<Enrichment>(std::move(enrichment));
  } else if (owner->enrichment) {
    owner->enrichment->health.reset();
  }
  indexes_.owners.Publish(owner);
}

std::shared_ptr<const Inventory> CorrelatorState::inventory() {
  // All four only grow.
  const uint64_t version = indexes_.owners.version() + indexes_.namespaces.version() +
                           indexes_.finder.version() + scans_;
  if (inventory_ == nullptr || version != inventory_version_) {
    inventory_ = InventoryBuilder::Build(indexes_, view_);
    inventory_version_ = version;
  }
  return inventory_;
}

}  // namespace nsobs
