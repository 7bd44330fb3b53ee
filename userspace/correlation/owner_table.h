// All owners, alive and lately dead, and the ways to find one. Publishes immutable Container
// objects and remembers which changed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "userspace/correlation/owner.h"

namespace nsobs {

// Not thread-safe. Pointers stay valid until the owner is dropped, which only Add(), Erase() and
// DropTombstones() do.
class OwnerTable : public OwnerLookup {
 public:
  struct Limits {
    size_t owners = 10000;  // alive and dead, of all sorts
    // Anybody may call unshare(2): those may take only this share of the table.
    size_t unshare_owners = 2500;
    absl::Duration tombstone_ttl = absl::Minutes(10);
  };

  explicit OwnerTable(Limits limits) : limits_(limits) {}

  // `key`: the 64 digits of a full id, or "<runtime>:<name>"; unique over all sorts. nullptr if the
  // table is full of the living.
  Owner* Add(OwnerSort sort, std::string key);
  void Erase(OwnerId id);

  Owner* Get(OwnerId id);  // follows `became`; nullptr if it is gone
  const Owner* Get(OwnerId id) const { return const_cast<OwnerTable*>(this)->Get(id); }
  Owner* FindByKey(const std::string& key);
  Owner* FindByInit(const ProcessId& init);
  const OwnerFacts* Facts(OwnerId id) const override;

  void SetInit(Owner* owner, const ProcessId& init);

  // Makes the draft public if it differs from what is.
  void Publish(Owner* owner);
  void MarkDead(Owner* owner, int64_t boot_ns);
  // A restart under the same key.
  void Revive(Owner* owner);
  // All that `owner` was is from `boot_ns` on `other`; it ends itself.
  void Become(Owner* owner, Owner* other, int64_t boot_ns);

  // The public object as of `boot_ns`: after the death it says "tombstone" for a source.
  ContainerRef RefAt(OwnerId id, int64_t boot_ns) const;

  void DropTombstones(int64_t now_boot_ns);
  // Public objects of those that changed since the last call.
  std::vector<ContainerRef> TakeChanged();
  uint64_t version() const { return version_; }  // changes with everything that is public

  template <typename Visit>
  void ForEach(Visit visit) {
    for (auto& [id, owner] : owners_) visit(owner.get());
  }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [id, owner] : owners_) visit(*owner);
  }
  size_t size() const { return owners_.size(); }

 private:
  bool MakeRoom(OwnerSort sort);
  bool DropOldestDead(OwnerSort sort);

  const Limits limits_;
  OwnerId last_id_ = 0;
  uint64_t version_ = 0;
  absl::flat_hash_map<OwnerId, std::unique_ptr<Owner>> owners_;
  absl::flat_hash_map<std::string, OwnerId> by_key_;
  absl::flat_hash_map<ProcessId, OwnerId> by_init_;
  absl::flat_hash_map<OwnerSort, size_t> count_by_sort_;
  absl::flat_hash_set<OwnerId> changed_;
  std::vector<ContainerRef> departed_;            // last words of those that became others
  std::deque<std::pair<int64_t, OwnerId>> dead_;  // oldest first
};

}  // namespace nsobs
