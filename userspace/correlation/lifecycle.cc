#include "userspace/correlation/lifecycle.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "userspace/correlation/rootless.h"

namespace nsobs {
namespace {

constexpr size_t kMaxMade = 10000;

}  // namespace

bool Lifecycle::IsInitOf(const Owner& owner, const Process& process) const {
  if (owner.init_is_alive) return false;
  // Of a kernel in user space only the sandbox counts: its helpers have pid namespaces of their
  // own.
  const bool sandboxed = !owner.draft.blind_spots.empty() && owner.told_init;
  if (!sandboxed && IsNamespaceInit(process, indexes_.namespaces)) return true;
  // Containers that share the host's pid namespace.
  const ProcessId id = IdOf(process);
  return owner.told_init && owner.told_init->pid == id.pid &&
         (owner.told_init->start_ticks == 0 || owner.told_init->start_ticks == id.start_ticks);
}

void Lifecycle::Start(OwnerId id, const Process& init, int64_t boot_ns, bool tell) {
  Owner* owner = indexes_.owners.Get(id);
  if (owner == nullptr) return;
  // It began when nobody knew whose it is, and that was told: now it runs its next program.
  const Owner* guess = indexes_.owners.FindByInit(IdOf(init));
  if (guess != nullptr && guess != owner && guess->nameless) tell = false;
  indexes_.owners.Revive(owner);
  // By now the runtime has written its state: what a path claimed can be held against it.
  if (!owner->named || !owner->confirmed) {
    indexes_.finder.TryName(owner, boot_ns, /*force=*/true);
    owner = indexes_.owners.Get(id);
    if (owner == nullptr) return;
  }
  indexes_.owners.SetInit(owner, IdOf(init));
  owner->exit_told = false;
  owner->listed = true;
  owner->draft.init = init.key();
  owner->draft.namespaces = init.namespaces;
  const auto user = UserOf(indexes_, init);
  if (user || owner->uid == 0) owner->draft.user = user;
  owner->facts.host_pid = !IsForeign(init, NamespaceKind::kPid, indexes_.namespaces);
  owner->draft.started_boot_ns = tell ? boot_ns : static_cast<int64_t>(init.start_boot_ns);
  TakeNamespaces(owner, init, boot_ns);
  indexes_.owners.Publish(owner);
  if (tell) Tell(EventKind::kContainerStart, ContainerStart{}, init, id, boot_ns, 0);
}

void Lifecycle::StartEnded(OwnerId id, const Process& init, int64_t died_boot_ns) {
  Start(id, init, died_boot_ns, /*tell=*/false);
  Owner* owner = indexes_.owners.Get(id);
  if (owner == nullptr || owner->init != IdOf(init)) return;
  owner->exit_told = true;
  indexes_.owners.MarkDead(owner, died_boot_ns);
}

// What an owner finds already inhabited it joins; what was only made for it is its own.
bool Lifecycle::Joins(const NamespaceInfo& info, const Owner& owner, const Process& init) const {
  const Owner* primary = indexes_.owners.Get(PrimaryOwner(info.owners, indexes_.owners));
  if (primary == nullptr || primary == &owner || !primary->facts.alive) return false;
  switch (primary->sort) {
    case OwnerSort::kContainer:
    case OwnerSort::kNetns:
      return true;
    case OwnerSort::kUnshare:
      break;
  }
  if (!info.resident || *info.resident == IdOf(init)) return false;
  const ProcessIndex::Entry* resident = indexes_.processes.Find(*info.resident);
  return resident != nullptr && resident->died_boot_ns == 0;
}

void Lifecycle::TakeNamespaces(Owner* owner, const Process& init, int64_t boot_ns) {
  const OwnerId id = owner->facts.id;
  std::vector<OwnerId> displaced;
  for (NamespaceKind kind : kNamespaceKinds) {
    NamespaceInfo* info = indexes_.namespaces.FindOrAdd(kind, init.namespaces[kind], boot_ns);
    if (info == nullptr) continue;
    if (info->some_process.pid == 0) {
      info->some_process = init.key();
      info->some_comm = init.comm;
      info->uid = init.uid;
    }
    const bool joins = Joins(*info, *owner, init);
    const Owner* before = indexes_.owners.Get(PrimaryOwner(info->owners, indexes_.owners));
    if (!joins && before != nullptr && before->sort == OwnerSort::kUnshare && before != owner) {
      displaced.push_back(before->facts.id);
      info->owners.erase(std::remove(info->owners.begin(), info->owners.end(), before->facts.id),
                         info->owners.end());
    }
    indexes_.namespaces.AddOwner(info, id, /*first=*/!joins);
  }
  for (OwnerId other : displaced) {
    Owner* plain = indexes_.owners.Get(other);
    if (plain == nullptr || plain == owner || indexes_.namespaces.HasLiving(other)) continue;
    indexes_.owners.Become(plain, owner, boot_ns);
  }
}

void Lifecycle::SealNamespaces(const Owner& owner, int64_t boot_ns) {
  for (NamespaceKind kind : kNamespaceKinds) {
    NamespaceInfo* info = indexes_.namespaces.Find(kind, owner.draft.namespaces[kind], boot_ns);
    if (info == nullptr || info->identity.id != 0 || info->owners.empty()) continue;
    if (info->owners.size() == 1 && info->owners.front() == owner.facts.id) info->sealed = true;
  }
}

void Lifecycle::Exit(const Process& process, const ProcessExit& exit, int64_t boot_ns,
                     uint16_t cpu) {
  Owner* owner = indexes_.owners.FindByInit(IdOf(process));
  if (owner == nullptr || owner->exit_told) return;
  owner->exit_told = true;
  const ProcessIndex::Entry* known = indexes_.processes.Find(IdOf(process));
  const bool oom = known != nullptr && known->oom_killed && exit.signal == SIGKILL;
  ContainerExit detail;
  detail.exit_code = exit.exit_code;
  detail.signal = exit.signal;
  detail.lifetime_ns = exit.lifetime_ns;
  detail.cause = oom ? "oom" : exit.signal != 0 ? "signal" : "exited";
  SealNamespaces(*owner, boot_ns);
  indexes_.owners.MarkDead(owner, boot_ns);
  Tell(EventKind::kContainerExit, std::move(detail), process, owner->facts.id, boot_ns, cpu);
}

void Lifecycle::Tell(EventKind kind, EventDetail detail, const Process& init, OwnerId owner,
                     int64_t boot_ns, uint16_t cpu) {
  if (made_.size() >= kMaxMade) return;
  MadeEvent made;
  made.event.kind = kind;
  made.event.cpu = cpu;
  made.event.boot_ns = boot_ns;
  made.event.process = init;
  made.event.detail = std::move(detail);
  made.owner = owner;
  indexes_.processes.FillArgs(&made.event.process);
  made_.push_back(std::move(made));
}

std::vector<MadeEvent> Lifecycle::Take() { return std::exchange(made_, {}); }

}  // namespace nsobs
