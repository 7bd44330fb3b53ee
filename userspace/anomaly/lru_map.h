// A map that holds a bounded number of entries: the one untouched for longest makes room.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace nsobs {

// Not thread-safe. References stay valid until their entry goes.
template <typename Key, typename Value>
class LruMap {
 public:
  explicit LruMap(size_t max_entries) : max_entries_(max_entries) {}
  LruMap(const LruMap&) = delete;  // the index points into the list
  LruMap& operator=(const LruMap&) = delete;

  // nullptr if there is none. Touches it.
  Value* Find(const Key& key) {
    const auto it = index_.find(key);
    if (it == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, it->second);
    return &it->second->second;
  }

  bool Contains(const Key& key) const { return index_.contains(key); }

  // Touches it; made from `args` if there is none, at the cost of the eldest if need be.
  template <typename... Args>
  Value& FindOrAdd(const Key& key, Args&&... args) {
    if (Value* found = Find(key)) return *found;
    if (entries_.size() >= max_entries_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(std::piecewise_construct, std::forward_as_tuple(key),
                           std::forward_as_tuple(std::forward<Args>(args)...));
    index_[key] = entries_.begin();
    return entries_.front().second;
  }

  void Erase(const Key& key) {
    const auto it = index_.find(key);
    if (it == index_.end()) return;
    entries_.erase(it->second);
    index_.erase(it);
  }

  // `drop(key, value)` says which entries go. Touches none.
  template <typename Drop>
  void EraseIf(Drop drop) {
    for (auto it = entries_.begin(); it != entries_.end();) {
      const auto next = std::next(it);
      if (drop(it->first, it->second)) {
        index_.erase(it->first);
        entries_.erase(it);
      }
      it = next;
    }
  }

  size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<const Key, Value>>;
  const size_t max_entries_;
  Entries entries_;  // the touched first
  absl::flat_hash_map<Key, typename Entries::iterator> index_;
};

}  // namespace nsobs
