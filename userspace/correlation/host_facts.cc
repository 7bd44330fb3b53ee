#include "userspace/event/host_facts.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "userspace/correlation/correlator_state.h"

namespace nsobs {
namespace {

// An engine takes a moment to remove what it made.
constexpr int64_t kLeakedAfterNs = 10'000'000'000;
constexpr size_t kMaxLeaked = 1000;

Process HolderOf(const NamespaceInfo& info) {
  Process holder;
  if (info.process_count == 0) return holder;
  holder.pid = holder.tid = info.some_process.pid;
  holder.start_boot_ns = info.some_process.start_boot_ns;
  holder.comm = info.some_comm;
  holder.uid = info.uid;
  return holder;
}

}  // namespace

std::vector<LeakedNamespace> CorrelatorState::FindLeaked(int64_t now_boot_ns) {
  std::vector<LeakedNamespace> leaked;
  indexes_.namespaces.ForEach([&](const NamespaceInfo& info) {
    // A sealed one may be another namespace with the same inode.
    if (info.died_boot_ns != 0 || info.sealed || leaked.size() >= kMaxLeaked) return;
    const bool held = view_.IsHeld(info);
    if (!held && info.process_count == 0) return;
    const Owner* owner = indexes_.owners.Get(PrimaryOwner(info.owners, indexes_.owners));
    if (owner == nullptr || owner->facts.alive || owner->sort != OwnerSort::kContainer) return;
    const int64_t died = owner->draft.died_boot_ns;
    if (now_boot_ns - died < kLeakedAfterNs || owner->tombstone == nullptr) return;
    leaked.push_back({info.kind, info.identity, owner->tombstone, died, info.process_count, held,
                      HolderOf(info), view_.MountPointOf(info)});
  });
  std::sort(leaked.begin(), leaked.end(), [](const auto& a, const auto& b) {
    return std::tie(a.died_boot_ns, a.kind, a.identity.inode) <
           std::tie(b.died_boot_ns, b.kind, b.identity.inode);
  });
  return leaked;
}

HostFacts CorrelatorState::TakeHostFacts() {
  HostFacts facts;
  if (!std::exchange(has_host_facts_, false)) return facts;
  const int64_t now = clock_.BootNs();
  for (const auto& [parent, count] : view_.zombies()) {
    const Attribution whose = AttributionOf(parent, NamespaceKind::kPid, now, /*settle=*/false);
    ZombieCount zombie{RefOf(whose.container, now), parent, count};
    indexes_.processes.FillArgs(&zombie.parent);
    facts.zombies.push_back(std::move(zombie));
  }
  facts.leaked = FindLeaked(now);
  return facts;
}

}  // namespace nsobs
