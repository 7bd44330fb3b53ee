#include "userspace/correlation/owner_table.h"

#include <algorithm>

namespace nsobs {
namespace {

constexpr int kMaxForwards = 4;

bool SameContainer(const Container& a, const Container& b) {
  const auto tie = [](const Container& c) {
    return std::tie(c.name, c.id, c.runtime, c.image, c.pod, c.pod_namespace, c.pod_uid, c.labels,
                    c.source, c.certain, c.bundle_config, c.volumes, c.cgroup_path, c.init,
                    c.namespaces, c.started_boot_ns, c.died_boot_ns, c.oci_runtime,
                    c.created_wall_ns, c.generation, c.restart_count, c.sandbox, c.user, c.parents,
                    c.blind_spots, c.health, c.enriched);
  };
  return tie(a) == tie(b);
}

// nullptr while it lives: nothing asks for it before.
ContainerRef TombstoneOf(const Owner& owner) {
  if (owner.ref->died_boot_ns == 0) return nullptr;
  Container buried = *owner.ref;
  buried.source = "tombstone";
  return std::make_shared<const Container>(std::move(buried));
}

}  // namespace

Owner* OwnerTable::Add(OwnerSort sort, std::string key) {
  if (!MakeRoom(sort)) return nullptr;
  auto owner = std::make_unique<Owner>();
  owner->sort = sort;
  owner->key = std::move(key);
  owner->facts.id = ++last_id_;
  owner->facts.plain = sort != OwnerSort::kContainer;
  Owner* raw = owner.get();
  by_key_[raw->key] = raw->facts.id;
  ++count_by_sort_[sort];
  owners_[raw->facts.id] = std::move(owner);
  return raw;
}

bool OwnerTable::MakeRoom(OwnerSort sort) {
  const bool too_many_plain =
      sort == OwnerSort::kUnshare && count_by_sort_[sort] >= limits_.unshare_owners;
  if (too_many_plain && !DropOldestDead(sort)) return false;
  if (owners_.size() < limits_.owners) return true;
  return DropOldestDead(OwnerSort::kUnshare) || DropOldestDead(OwnerSort::kNetns) ||
         DropOldestDead(OwnerSort::kContainer);
}

bool OwnerTable::DropOldestDead(OwnerSort sort) {
  for (auto it = dead_.begin(); it != dead_.end(); ++it) {
    auto owner = owners_.find(it->second);
    const bool is_dead = owner != owners_.end() && owner->second->draft.died_boot_ns == it->first;
    if (!is_dead || owner->second->sort != sort) continue;
    const OwnerId id = it->second;
    dead_.erase(it);
    Erase(id);
    return true;
  }
  return false;
}

void OwnerTable::Erase(OwnerId id) {
  auto it = owners_.find(id);
  if (it == owners_.end()) return;
  const Owner& owner = *it->second;
  auto key = by_key_.find(owner.key);
  if (key != by_key_.end() && key->second == id) by_key_.erase(key);
  if (owner.init) {
    auto init = by_init_.find(*owner.init);
    if (init != by_init_.end() && init->second == id) by_init_.erase(init);
  }
  --count_by_sort_[owner.sort];
  changed_.erase(id);
  if (owner.ref != nullptr) ++version_;
  owners_.erase(it);
}

Owner* OwnerTable::Get(OwnerId id) {
  for (int i = 0; i < kMaxForwards; ++i) {
    auto it = owners_.find(id);
    if (it == owners_.end()) return nullptr;
    if (it->second->became == 0) return it->second.get();
    id = it->second->became;
  }
  return nullptr;
}

const OwnerFacts* OwnerTable::Facts(OwnerId id) const {
  const Owner* owner = Get(id);
  return owner == nullptr ? nullptr : &owner->facts;
}

Owner* OwnerTable::FindByKey(const std::string& key) {
  auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : Get(it->second);
}

Owner* OwnerTable::FindByInit(const ProcessId& init) {
  auto it = by_init_.find(init);
  return it == by_init_.end() ? nullptr : Get(it->second);
}

void OwnerTable::SetInit(Owner* owner, const ProcessId& init) {
  if (owner->init) {
    auto old = by_init_.find(*owner->init);
    if (old != by_init_.end() && old->second == owner->facts.id) by_init_.erase(old);
  }
  owner->init = init;
  owner->init_is_alive = true;
  by_init_[init] = owner->facts.id;
}

void OwnerTable::Publish(Owner* owner) {
  if (!owner->listed) return;
  Container shown = owner->draft;
  if (owner->enrichment) AddEnrichment(*owner->enrichment, &shown);
  if (owner->ref != nullptr && SameContainer(*owner->ref, shown)) return;
  owner->ref = std::make_shared<const Container>(std::move(shown));
  owner->tombstone = TombstoneOf(*owner);
  changed_.insert(owner->facts.id);
  ++version_;
}

void OwnerTable::MarkDead(Owner* owner, int64_t boot_ns) {
  if (!owner->facts.alive) return;
  owner->facts.alive = false;
  owner->init_is_alive = false;
  owner->draft.died_boot_ns = std::max<int64_t>(boot_ns, 1);
  dead_.emplace_back(owner->draft.died_boot_ns, owner->facts.id);
  Publish(owner);
}

void OwnerTable::Revive(Owner* owner) {
  if (owner->facts.alive) return;
  owner->facts.alive = true;
  ++owner->draft.generation;
  owner->draft.died_boot_ns = 0;
  owner->draft.init = {};
  owner->draft.namespaces = {};
  owner->draft.started_boot_ns = 0;
  owner->enrichment.reset();
  owner->next_try_boot_ns = 0;
  owner->tries = 0;
}

void OwnerTable::Become(Owner* owner, Owner* other, int64_t boot_ns) {
  if (owner == other || owner->became != 0) return;
  MarkDead(owner, boot_ns);
  if (owner->ref != nullptr && departed_.size() < limits_.owners) departed_.push_back(owner->ref);
  if (owner->init) {
    auto init = by_init_.find(*owner->init);
    if (init != by_init_.end() && init->second == owner->facts.id) by_init_.erase(init);
    owner->init.reset();
  }
  // It stays for a while so that what was made in its name finds the way.
  owner->became = other->facts.id;
  owner->listed = false;
  owner->ref = owner->tombstone = nullptr;
  changed_.erase(owner->facts.id);
  ++version_;
}

ContainerRef OwnerTable::RefAt(OwnerId id, int64_t boot_ns) const {
  const Owner* owner = Get(id);
  if (owner == nullptr || owner->ref == nullptr) return nullptr;
  const int64_t died = owner->draft.died_boot_ns;
  return died != 0 && boot_ns > died ? owner->tombstone : owner->ref;
}

void OwnerTable::DropTombstones(int64_t now_boot_ns) {
  const int64_t oldest = now_boot_ns - absl::ToInt64Nanoseconds(limits_.tombstone_ttl);
  while (!dead_.empty() && dead_.front().first < oldest) {
    const auto [died, id] = dead_.front();
    dead_.pop_front();
    auto it = owners_.find(id);
    if (it != owners_.end() && it->second->draft.died_boot_ns == died) Erase(id);
  }
}

std::vector<ContainerRef> OwnerTable::TakeChanged() {
  std::vector<OwnerId> ids(changed_.begin(), changed_.end());
  std::sort(ids.begin(), ids.end());
  std::vector<ContainerRef> out;
  out.swap(departed_);
  for (OwnerId id : ids) {
    const Owner* owner = Get(id);
    if (owner != nullptr && owner->ref != nullptr) out.push_back(owner->ref);
  }
  changed_.clear();
  return out;
}

}  // namespace nsobs
