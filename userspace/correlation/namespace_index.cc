#include "userspace/correlation/namespace_index.h"

#include <algorithm>

namespace nsobs {
namespace {

constexpr int kMaxGenerationsBack = 4;
constexpr size_t kMaxChanged = 10000;

}  // namespace

NamespaceInfo* NamespaceIndex::Current(NamespaceKind kind, uint32_t inode) {
  auto it = by_inode_.find({kind, inode});
  if (it == by_inode_.end()) return nullptr;
  auto info = infos_.find(it->second);
  return info == infos_.end() ? nullptr : info->second.get();
}

NamespaceInfo* NamespaceIndex::Find(NamespaceKind kind, const NamespaceIdentity& identity,
                                    int64_t boot_ns) {
  if (identity.inode == 0 || IsHost(kind, identity)) return nullptr;
  NamespaceInfo* current = Current(kind, identity.inode);
  if (identity.id != 0) {
    auto it = by_id_.find({kind, identity.id});
    if (it != by_id_.end()) return infos_.at(it->second).get();
    // What /proc showed without an id gets it from the first record, unless it died meanwhile.
    if (current == nullptr || current->identity.id != 0) return nullptr;
    if (current->died_boot_ns != 0 || current->sealed) return nullptr;
    current->identity.id = identity.id;
    by_id_[{kind, identity.id}] = current->serial;
    return current;
  }
  for (int i = 0; i < kMaxGenerationsBack && current != nullptr; ++i) {
    if (current->born_boot_ns <= boot_ns || current->previous == 0) return current;
    auto it = infos_.find(current->previous);
    if (it == infos_.end()) return current;
    current = it->second.get();
  }
  return current;
}

NamespaceInfo* NamespaceIndex::FindOrAdd(NamespaceKind kind, const NamespaceIdentity& identity,
                                         int64_t boot_ns) {
  if (identity.inode == 0 || IsHost(kind, identity)) return nullptr;
  NamespaceInfo* info = Find(kind, identity, boot_ns);
  if (info == nullptr) info = Add(kind, identity, boot_ns);
  Touch(info, boot_ns);
  return info;
}

NamespaceInfo* NamespaceIndex::Born(NamespaceKind kind, const NamespaceIdentity& identity,
                                    int64_t boot_ns) {
  if (identity.inode == 0 || IsHost(kind, identity)) return nullptr;
  NamespaceInfo* known = nullptr;
  if (identity.id != 0) {
    auto it = by_id_.find({kind, identity.id});
    if (it != by_id_.end()) known = infos_.at(it->second).get();
  } else {
    known = Current(kind, identity.inode);
    if (known != nullptr && known->born_boot_ns != boot_ns) known = nullptr;
  }
  if (known == nullptr) known = Add(kind, identity, boot_ns);
  if (known->born_boot_ns == 0) known->born_boot_ns = boot_ns;
  Touch(known, boot_ns);
  return known;
}

NamespaceInfo* NamespaceIndex::Add(NamespaceKind kind, const NamespaceIdentity& identity,
                                   int64_t boot_ns) {
  MakeRoom();
  auto info = std::make_unique<NamespaceInfo>();
  info->serial = ++last_serial_;
  info->kind = kind;
  info->identity = identity;
  if (NamespaceInfo* old = Current(kind, identity.inode)) {
    info->previous = old->serial;
    Bury(old, boot_ns);
  }
  by_inode_[{kind, identity.inode}] = info->serial;
  if (identity.id != 0) by_id_[{kind, identity.id}] = info->serial;
  by_age_.push_back(info->serial);
  NamespaceInfo* raw = info.get();
  infos_[raw->serial] = std::move(info);
  MarkChanged(*raw);
  return raw;
}

void NamespaceIndex::Touch(NamespaceInfo* info, int64_t boot_ns) {
  info->seen_boot_ns = std::max(info->seen_boot_ns, boot_ns);
  if (info->died_boot_ns == 0 || boot_ns <= info->died_boot_ns) return;
  // It was held by something that /proc doesn't show, unless its inode has a new life.
  if (Current(info->kind, info->identity.inode) != info) return;
  info->died_boot_ns = 0;
  MarkChanged(*info);
}

void NamespaceIndex::Bury(NamespaceInfo* info, int64_t boot_ns) {
  if (info->died_boot_ns != 0) return;
  info->died_boot_ns = boot_ns;
  info->process_count = 0;
  dead_.emplace_back(boot_ns, info->serial);
  MarkChanged(*info);
}

void NamespaceIndex::Erase(uint64_t serial) {
  auto it = infos_.find(serial);
  if (it == infos_.end()) return;
  const NamespaceInfo& info = *it->second;
  auto by_id = by_id_.find({info.kind, info.identity.id});
  if (by_id != by_id_.end() && by_id->second == serial) by_id_.erase(by_id);
  auto by_inode = by_inode_.find({info.kind, info.identity.inode});
  if (by_inode != by_inode_.end() && by_inode->second == serial) by_inode_.erase(by_inode);
  changed_.erase(serial);
  infos_.erase(it);
}

void NamespaceIndex::MakeRoom() {
  while (infos_.size() >= limits_.namespaces && !dead_.empty()) {
    Erase(dead_.front().second);
    dead_.pop_front();
  }
  while (infos_.size() >= limits_.namespaces && !by_age_.empty()) {
    Erase(by_age_.front());
    by_age_.pop_front();
  }
  // Serials of what is gone already pile up behind those that live long.
  if (by_age_.size() <= 2 * limits_.namespaces) return;
  std::erase_if(by_age_, [this](uint64_t serial) { return !infos_.contains(serial); });
}

void NamespaceIndex::AddOwner(NamespaceInfo* info, OwnerId owner, bool first) {
  auto& owners = info->owners;
  auto it = std::find(owners.begin(), owners.end(), owner);
  if (it != owners.end() && (!first || it == owners.begin())) return;
  if (it != owners.end()) owners.erase(it);
  owners.insert(first ? owners.begin() : owners.end(), owner);
  MarkChanged(*info);
}

void NamespaceIndex::RemoveOwner(OwnerId owner) {
  for (auto& [serial, info] : infos_) {
    auto& owners = info->owners;
    auto it = std::find(owners.begin(), owners.end(), owner);
    if (it == owners.end()) continue;
    owners.erase(it);
    MarkChanged(*info);
  }
}

void NamespaceIndex::Reconcile(const absl::flat_hash_map<InodeKey, uint32_t>& process_counts,
                               const absl::flat_hash_set<InodeKey>& held, int64_t started_boot_ns) {
  for (auto& [serial, info] : infos_) {
    const InodeKey key{info->kind, info->identity.inode};
    auto current = by_inode_.find(key);
    if (current == by_inode_.end() || current->second != serial) continue;
    auto count = process_counts.find(key);
    info->process_count = count == process_counts.end() ? 0 : count->second;
    const bool alive = info->process_count > 0 || held.contains(key);
    if (!alive && info->seen_boot_ns < started_boot_ns) Bury(info.get(), started_boot_ns);
  }
}

void NamespaceIndex::DropTombstones(int64_t now_boot_ns) {
  const int64_t oldest = now_boot_ns - absl::ToInt64Nanoseconds(limits_.tombstone_ttl);
  while (!dead_.empty() && dead_.front().first < oldest) {
    auto it = infos_.find(dead_.front().second);
    if (it != infos_.end() && it->second->died_boot_ns == dead_.front().first) {
      Erase(dead_.front().second);
    }
    dead_.pop_front();
  }
}

std::vector<const NamespaceInfo*> NamespaceIndex::TakeChanged() {
  std::vector<const NamespaceInfo*> out;
  for (uint64_t serial : changed_) {
    auto it = infos_.find(serial);
    if (it != infos_.end() && out.size() < kMaxChanged) out.push_back(it->second.get());
  }
  changed_.clear();
  std::sort(out.begin(), out.end(),
            [](const NamespaceInfo* a, const NamespaceInfo* b) { return a->serial < b->serial; });
  return out;
}

bool NamespaceIndex::HasLiving(OwnerId owner) const {
  for (const auto& [serial, info] : infos_) {
    if (info->died_boot_ns != 0) continue;
    if (std::find(info->owners.begin(), info->owners.end(), owner) != info->owners.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace nsobs
