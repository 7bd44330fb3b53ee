// The paths of cgroups by key, and back, for the two hierarchies that name containers. The dead
// keep their path for a while, as records about them may still be under way.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "userspace/correlation/cgroup_mounts.h"
#include "userspace/correlation/proc_text.h"
#include "userspace/event/event.h"

namespace nsobs {

// Not thread-safe.
class CgroupIndex {
 public:
  struct Limits {
    size_t cgroups = 50000;  // alive and dead; the living beyond it are not known by path
    absl::Duration tombstone_ttl = absl::Minutes(10);
  };

  CgroupIndex(CgroupMounts mounts, Limits limits) : mounts_(std::move(mounts)), limits_(limits) {}

  // Walks both hierarchies: adds what is there, and takes for dead what isn't and was not heard of
  // since `started_boot_ns`.
  void Scan(int64_t started_boot_ns);

  // A record of a birth or death. False if it is of a hierarchy that doesn't matter here.
  bool Apply(const CgroupChange& change, int64_t boot_ns);

  // The path of a living or lately dead cgroup; nullptr if it isn't known. Valid until the next
  // change.
  const std::string* PathOf(const CgroupKey& key) const;
  bool IsAlive(const CgroupKey& key) const;

  // The key that the kernel side would use for a process in these cgroups, and whether it is the
  // root of its hierarchy. Asks the filesystem for what isn't known yet.
  struct Place {
    CgroupKey key;
    uint32_t level = 0;
  };
  Place PlaceOf(const ProcCgroup& cgroup);

  // The living cgroup with this path.
  std::optional<CgroupKey> Find(uint32_t hierarchy, const std::string& path) const;

  void DropTombstones(int64_t now_boot_ns);

  const CgroupMounts& mounts() const { return mounts_; }
  size_t size() const { return by_key_.size(); }

 private:
  struct Entry {
    std::string path;
    int64_t seen_boot_ns = 0;
    int64_t died_boot_ns = 0;  // 0: alive
  };
  using PathKey = std::pair<uint32_t, std::string>;

  // `findable`: the path is whole, so that it leads back to the key.
  void Add(const CgroupKey& key, std::string path, int64_t boot_ns, bool findable = true);
  void Bury(const CgroupKey& key, Entry* entry, int64_t boot_ns);
  void DropOldestTombstone();
  void Walk(const std::string& mount, uint32_t hierarchy, int64_t boot_ns);

  const CgroupMounts mounts_;
  const Limits limits_;
  absl::flat_hash_map<CgroupKey, Entry> by_key_;
  absl::flat_hash_map<PathKey, CgroupKey> by_path_;  // the living
  std::deque<std::pair<int64_t, CgroupKey>> dead_;   // oldest first
};

}  // namespace nsobs
