#include "userspace/correlation/plain_owners.h"

#include <algorithm>
#include <array>

namespace nsobs {
namespace {

struct Maker {
  std::string_view comm;
  bool prefix;
};
constexpr std::array<Maker, 14> kMakers = {{
    {"runc", true},  // also "runc:[1:CHILD]"
    {"crun", false},
    {"conmon", false},
    {"podman", false},
    {"buildah", false},
    {"netavark", false},
    {"dockerd", false},
    {"containerd", true},
    {"exe", false},  // what dockerd and podman are called when they run themselves again
    {"crio", false},
    {"lxc-start", false},
    {"systemd-nspawn", false},
    {"rootlesskit", false},
    {"ip", false},  // what it makes gets a name in /run/netns next
}};

// The kinds that say most about what a process cut itself off from come first.
constexpr std::array<NamespaceKind, kNamespaceKindCount> kMostSpecific = {
    NamespaceKind::kMnt, NamespaceKind::kPid, NamespaceKind::kNet,    NamespaceKind::kUser,
    NamespaceKind::kIpc, NamespaceKind::kUts, NamespaceKind::kCgroup, NamespaceKind::kTime};

// Namespaces that a program makes in passing, as `ip netns exec` does with mnt: they don't make it
// somebody else.
bool IsMinor(NamespaceKind kind) {
  switch (kind) {
    case NamespaceKind::kNet:
    case NamespaceKind::kPid:
    case NamespaceKind::kUser:
      return false;
    case NamespaceKind::kCgroup:
    case NamespaceKind::kIpc:
    case NamespaceKind::kMnt:
    case NamespaceKind::kTime:
    case NamespaceKind::kUts:
      return true;
  }
  return false;
}

bool HasKind(const std::vector<NamespaceInfo*>& infos, NamespaceKind kind) {
  return std::any_of(infos.begin(), infos.end(),
                     [kind](const NamespaceInfo* info) { return info->kind == kind; });
}

std::string Label(NamespaceKind kind, uint32_t inode) {
  return std::string(Name(kind)) + ":[" + std::to_string(inode) + "]";
}

}  // namespace

bool IsNamespaceMaker(std::string_view comm) {
  return std::any_of(kMakers.begin(), kMakers.end(), [comm](const Maker& maker) {
    return maker.prefix ? comm.starts_with(maker.comm) : comm == maker.comm;
  });
}

PlainOwners::Homes PlainOwners::Look(const Process& process, int64_t boot_ns) const {
  Homes homes;
  for (NamespaceKind kind : kMostSpecific) {
    NamespaceInfo* info = namespaces_.Find(kind, process.namespaces[kind], boot_ns);
    if (info == nullptr) continue;
    if (info->owners.empty()) {
      homes.unowned.push_back(info);
      continue;
    }
    Owner* owner = owners_.Get(PrimaryOwner(info->owners, owners_));
    if (homes.plain == nullptr && owner != nullptr && owner->facts.plain) homes.plain = owner;
  }
  return homes;
}

bool PlainOwners::HasUnowned(const Process& process, int64_t boot_ns) const {
  return !Look(process, boot_ns).unowned.empty();
}

bool PlainOwners::WaitsForEngine(const Process& process, int64_t boot_ns) const {
  const Homes homes = Look(process, boot_ns);
  return std::any_of(homes.unowned.begin(), homes.unowned.end(),
                     [](const NamespaceInfo* info) { return info->by_engine; });
}

bool PlainOwners::HasUnread(const Process& process, int64_t boot_ns) const {
  const Homes homes = Look(process, boot_ns);
  return std::ranges::any_of(homes.unowned,
                             [](const NamespaceInfo* info) { return info->maker == nullptr; });
}

Owner* PlainOwners::Inheritor(const Process& process, const Homes& homes) const {
  if (homes.plain == nullptr || !homes.plain->facts.alive) return nullptr;
  const bool all_minor = std::all_of(homes.unowned.begin(), homes.unowned.end(),
                                     [](const NamespaceInfo* info) { return IsMinor(info->kind); });
  if (all_minor) return homes.plain;
  // `unshare --fork --pid`: the child is in the pid namespace, the parent in the others.
  const auto& namesake = homes.plain->namesake;
  const bool child = namesake && namesake->pid == process.parent_pid && process.ns_pid == 1;
  const bool only_pid =
      homes.unowned.size() == 1 && homes.unowned.front()->kind == NamespaceKind::kPid;
  return child && only_pid ? homes.plain : nullptr;
}

// systemd makes the namespaces of a unit (PrivateTmp= and the like, systemd.exec(5)) for a process
// that it starts itself, in the unit's cgroup.
std::string PlainOwners::UnitOf(const Process& process) const {
  const std::string* path = cgroups_.PathOf(process.cgroup);
  if (path == nullptr || process.parent_pid != 1) return "";
  const size_t end = path->rfind(".service");
  if (end == std::string::npos) return "";
  const size_t after = end + std::string_view(".service").size();
  if (after != path->size() && (*path)[after] != '/') return "";
  const size_t begin = path->rfind('/', end) + 1;
  return path->substr(begin, after - begin);
}

void PlainOwners::NameAfter(const Process& process, Owner* owner) const {
  owner->namesake = IdOf(process);
  if (const std::string unit = UnitOf(process); !unit.empty()) {
    owner->draft.name = "unit " + unit;
    owner->draft.runtime = "systemd";
    return;
  }
  const std::string comm = process.comm.empty() ? "?" : process.comm;
  owner->draft.name = "unshare " + comm + "/" + std::to_string(process.pid);
}

Owner* PlainOwners::AddUnshare(const Process& process, const Homes& homes, int64_t boot_ns) {
  Owner* owner = owners_.Add(OwnerSort::kUnshare, "unshare:" + std::to_string(++last_unshare_));
  if (owner == nullptr) return nullptr;
  owner->draft.runtime = "unshare";
  NameAfter(process, owner);
  const NamespaceInfo* specific = homes.unowned.front();
  owner->draft.id = Label(specific->kind, specific->identity.inode);
  owner->draft.source = "namespace";
  owner->draft.namespaces = process.namespaces;
  owner->draft.started_boot_ns = specific->born_boot_ns != 0 ? specific->born_boot_ns : boot_ns;
  owner->named = owner->listed = true;
  owner->of_engine = std::any_of(homes.unowned.begin(), homes.unowned.end(),
                                 [](const NamespaceInfo* info) { return info->by_engine; });
  // What a runtime starts has a name that may not be on disk yet, or not be read yet.
  owner->nameless =
      owner->of_engine && process.ns_pid == 1 && HasKind(homes.unowned, NamespaceKind::kPid);
  // Were they there before we looked? Then whoever had them may have been a container.
  const bool missed = boot_ns < looked_boot_ns_ && specific->born_boot_ns == 0;
  owner->draft.certain = !owner->of_engine && !missed;
  if (owner->nameless || missed) {
    owner->draft.runtime = "unknown";
    owner->draft.name = "unknown " + owner->draft.id;
  }
  return owner;
}

void PlainOwners::NameForGood(const Process& process, Owner* owner) {
  if (!owner->nameless) return;
  owner->nameless = false;
  owner->draft.runtime = "unshare";
  NameAfter(process, owner);
  owners_.Publish(owner);
}

Owner* PlainOwners::Claim(const Process& process, int64_t boot_ns) {
  const Homes homes = Look(process, boot_ns);
  if (homes.unowned.empty()) return nullptr;
  Owner* owner = Inheritor(process, homes);
  if (owner == nullptr) owner = AddUnshare(process, homes, boot_ns);
  if (owner == nullptr) return nullptr;
  // What `unshare --fork` started says more than "unshare".
  const bool child_of_unshare = owner->sort == OwnerSort::kUnshare && process.ns_pid == 1 &&
                                owner->draft.name.starts_with("unshare unshare/");
  if (child_of_unshare && HasKind(homes.unowned, NamespaceKind::kPid)) NameAfter(process, owner);
  for (NamespaceInfo* info : homes.unowned) {
    namespaces_.AddOwner(info, owner->facts.id, /*first=*/true);
  }
  owners_.Publish(owner);
  return owner;
}

void PlainOwners::NoteResident(const Process& process, int64_t boot_ns) {
  for (NamespaceKind kind : kNamespaceKinds) {
    NamespaceInfo* info = namespaces_.FindOrAdd(kind, process.namespaces[kind], boot_ns);
    if (info == nullptr) continue;
    const auto* known = info->resident ? processes_.Find(*info->resident) : nullptr;
    if (known == nullptr || known->died_boot_ns != 0) info->resident = IdOf(process);
  }
}

void PlainOwners::TakeName(const RuntimeRecord& record, int64_t boot_ns) {
  const auto [kind, inode] = *record.plain_namespace;
  // By the id: records of another namespace that had this inode before may still be under way, and
  // would get the name.
  NamespaceInfo* info = namespaces_.FindOrAdd(kind, {inode, record.plain_namespace_id}, boot_ns);
  if (info == nullptr) return;  // a name for the host's own
  const std::string key = record.runtime + ":" + record.name + ":" + std::to_string(info->serial);
  Owner* owner = owners_.FindByKey(key);
  if (owner == nullptr) {
    owner = owners_.Add(OwnerSort::kNetns, key);
    if (owner == nullptr) return;
    owner->draft.name = record.name;
    owner->draft.id = record.id;
    owner->draft.runtime = record.runtime;
    owner->draft.source = "namespace";
    owner->draft.certain = true;
    owner->named = owner->listed = true;
  }
  owners_.Revive(owner);
  owner->draft.namespaces[kind] = info->identity;
  owner->draft.started_boot_ns = info->born_boot_ns;
  // A name is worth more than the process that happened to make the namespace, and less than a
  // container that lives in it.
  const Owner* primary = owners_.Get(PrimaryOwner(info->owners, owners_));
  const bool first = primary == nullptr || primary->sort == OwnerSort::kUnshare;
  namespaces_.AddOwner(info, owner->facts.id, first);
  owners_.Publish(owner);
}

void PlainOwners::TakeNames(const std::vector<RuntimeRecord>& records, int64_t boot_ns) {
  absl::flat_hash_set<std::string> labels;
  for (const RuntimeRecord& record : records) {
    if (!record.plain_namespace) continue;
    TakeName(record, boot_ns);
    labels.insert(record.name + " " + record.id);
  }
  owners_.ForEach([&](Owner* owner) {
    if (owner->sort != OwnerSort::kNetns || !owner->facts.alive) return;
    if (!labels.contains(owner->draft.name + " " + owner->draft.id)) {
      owners_.MarkDead(owner, boot_ns);
    }
  });
}

void PlainOwners::BuryHomeless(int64_t boot_ns) {
  absl::flat_hash_set<OwnerId> housed;
  namespaces_.ForEach([&](const NamespaceInfo& info) {
    if (info.died_boot_ns == 0) housed.insert(info.owners.begin(), info.owners.end());
  });
  owners_.ForEach([&](Owner* owner) {
    const bool homeless = owner->sort == OwnerSort::kUnshare && owner->facts.alive &&
                          owner->became == 0 && !housed.contains(owner->facts.id);
    if (homeless) owners_.MarkDead(owner, boot_ns);
  });
}

}  // namespace nsobs
