#include "userspace/pipeline/owner_book.h"

#include "absl/container/flat_hash_set.h"

namespace nsobs {

ContainerRef OwnerBook::OwnerOf(const CounterKey& key, NamespaceKind kind,
                                const FindCounterOwner& find) {
  ContainerRef found = find(key, kind);
  if (found != nullptr) {
    Entry& entry = owners_[{key, kind}];
    entry.container = found;
    entry.found = true;
    entry.missed_boot_ns = 0;
    return found;
  }
  auto it = owners_.find({key, kind});
  if (it == owners_.end()) return nullptr;
  it->second.found = false;
  return it->second.container;
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
