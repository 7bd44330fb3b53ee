#include "userspace/pipeline/owner_book.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "userspace/correlation/inventory.h"
#include "userspace/event/plain_owner.h"

namespace nsobs {
namespace {

// A namespace is named within a second or so; on a busy host, and by slow engines, later.
constexpr int64_t kSettleNs = 15'000'000'000;

// Do both say the same owner, whose name or state changed? What was plain may become a container.
bool IsSameOwner(const Container& before, const Container& now) {
  if (before.init.pid != 0 && before.init == now.init) return true;
  if (IsPlain(before)) return !IsPlain(now) || before.name == now.name;
  return before.id == now.id;
}

}  // namespace

CounterWhose OwnerBook::WhoseIs(const CounterKey& key, NamespaceKind kind,
                                const FindCounterOwner& find, const std::function<bool()>& is_hosts,
                                int64_t now_boot_ns) {
  const auto stranger = strangers_.find({key, kind});
  if (stranger != strangers_.end() && stranger->second == 0) {
    return {CounterWhose::State::kNobodys, nullptr};
  }
  if (ContainerRef found = find(key, kind); found != nullptr) {
    if (stranger != strangers_.end()) strangers_.erase(stranger);
    Entry& entry = owners_[{key, kind}];
    if (!Inventory::HasId(key.ns) && entry.container != nullptr &&
        !IsSameOwner(*entry.container, *found)) {
      // One cgroup, one inode, and another owner: the kernel's count is of both.
      SetNobodys(key, kind);
      return {CounterWhose::State::kNobodys, nullptr};
    }
    entry.container = found;
    entry.found = true;
    entry.missed_boot_ns = 0;
    return {CounterWhose::State::kKnown, std::move(found)};
  }
  if (auto it = owners_.find({key, kind}); it != owners_.end()) {
    it->second.found = false;
    return {CounterWhose::State::kKnown, it->second.container};
  }
  if (stranger != strangers_.end()) {
    if (now_boot_ns < stranger->second) return {CounterWhose::State::kNotYet, nullptr};
    stranger->second = 0;
    return {CounterWhose::State::kNobodys, nullptr};
  }
  if (is_hosts()) return {CounterWhose::State::kHosts, nullptr};
  strangers_[{key, kind}] = now_boot_ns + kSettleNs;
  return {CounterWhose::State::kNotYet, nullptr};
}

void OwnerBook::SetNobodys(const CounterKey& key, NamespaceKind kind) {
  strangers_[{key, kind}] = 0;
  owners_.erase({key, kind});
}

// Between two scrapes it may have died and lost its tombstone: then the first miss is its death.
bool OwnerBook::IsOver(Entry* entry, int64_t now_boot_ns) const {
  int64_t died_ns = entry->container->died_boot_ns;
  if (died_ns == 0 && !entry->found) {
    if (entry->missed_boot_ns == 0) entry->missed_boot_ns = now_boot_ns;
    died_ns = entry->missed_boot_ns;
  }
  return died_ns != 0 && absl::Nanoseconds(now_boot_ns - died_ns) >= keep_dead_;
}

OwnerBook::Gone OwnerBook::TakeGone(const KernelCounters& counters, int64_t now_boot_ns) {
  absl::flat_hash_set<Key> over;
  for (auto& [key, entry] : owners_) {
    const bool is_over = IsOver(&entry, now_boot_ns);
    if (is_over && entry.was_over) over.insert(key);
    entry.was_over = is_over;
  }
  for (const TcpCounter& c : counters.tcp) {
    const bool in_flight = c.attempts != c.established + c.failed + c.abandoned;
    if (!c.overflow && in_flight) over.erase({c.key, NamespaceKind::kNet});
  }
  Gone gone;
  if (over.empty()) return gone;
  for (const Counter& c : counters.counters) {
    if (!c.overflow && over.contains({c.key, NamespaceOf(c.family)})) gone.counters.push_back(c);
  }
  for (const TcpCounter& c : counters.tcp) {
    if (!c.overflow && over.contains({c.key, NamespaceKind::kNet})) gone.tcp.push_back(c);
  }
  // The kernel keeps its losses: they keep their owner's name.
  for (const OwnerLoss& loss : counters.losses) over.erase({loss.key, NamespaceOf(loss.kind)});
  for (const Key& key : over) owners_.erase(key);
  return gone;
}

}  // namespace nsobs
