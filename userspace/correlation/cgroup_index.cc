#include "userspace/correlation/cgroup_index.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "userspace/base/fd.h"

namespace nsobs {
namespace {

constexpr uint32_t kUnified = 0;
constexpr size_t kMaxDepth = 48;

uint32_t LevelOf(const std::string& path) {
  if (path == "/") return 0;
  return static_cast<uint32_t>(std::count(path.begin(), path.end(), '/'));
}

bool HasDotDot(const std::string& path) { return path.find("/..") != std::string::npos; }

// On 64-bit machines the inode of a cgroup's directory is its kernfs id.
uint64_t InodeOf(const std::string& path) {
  struct stat st{};
  return stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode) ? st.st_ino : 0;
}

struct Child {
  std::string name;
  uint64_t inode;
};

std::vector<Child> ListDirectories(const std::string& path) {
  std::vector<Child> children;
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return children;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(fd.get()), closedir);
  if (listing == nullptr) return children;
  fd.release();  // closedir() closes it
  while (const dirent* entry = readdir(listing.get())) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    children.push_back({entry->d_name, entry->d_ino});
  }
  return children;
}

// A cut path ends in the middle of a component, which therefore says nothing.
std::string WithoutLastComponent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void CgroupIndex::Scan(int64_t started_boot_ns) {
  if (!mounts_.unified.empty()) Walk(mounts_.unified, kUnified, started_boot_ns);
  if (!mounts_.memory.empty()) Walk(mounts_.memory, mounts_.memory_hierarchy, started_boot_ns);
  for (auto& [key, entry] : by_key_) {
    if (entry.died_boot_ns == 0 && entry.seen_boot_ns < started_boot_ns) {
      Bury(key, &entry, started_boot_ns);
    }
  }
}

void CgroupIndex::Walk(const std::string& mount, uint32_t hierarchy, int64_t boot_ns) {
  std::vector<std::string> todo = {"/"};
  Add({InodeOf(mount), hierarchy}, "/", boot_ns);
  while (!todo.empty() && by_key_.size() < limits_.cgroups) {
    const std::string parent = std::move(todo.back());
    todo.pop_back();
    for (const Child& child : ListDirectories(mount + parent)) {
      std::string path = parent == "/" ? "/" + child.name : parent + "/" + child.name;
      if (LevelOf(path) < kMaxDepth) todo.push_back(path);
      Add({child.inode, hierarchy}, std::move(path), boot_ns);
    }
  }
}

void CgroupIndex::Add(const CgroupKey& key, std::string path, int64_t boot_ns, bool findable) {
  if (key.id == 0) return;
  auto it = by_key_.find(key);
  if (it == by_key_.end()) {
    if (by_key_.size() >= limits_.cgroups) DropOldestTombstone();
    if (by_key_.size() >= limits_.cgroups) return;
    it = by_key_.emplace(key, Entry{}).first;
  }
  Entry& entry = it->second;
  entry.seen_boot_ns = std::max(entry.seen_boot_ns, boot_ns);
  if (entry.died_boot_ns != 0 && boot_ns <= entry.died_boot_ns) return;  // an old record
  entry.died_boot_ns = 0;
  if (entry.path != path) {
    auto old = by_path_.find({key.hierarchy, entry.path});
    if (old != by_path_.end() && old->second == key) by_path_.erase(old);
    entry.path = std::move(path);
  }
  if (findable) by_path_[{key.hierarchy, entry.path}] = key;
}

void CgroupIndex::Bury(const CgroupKey& key, Entry* entry, int64_t boot_ns) {
  entry->died_boot_ns = boot_ns;
  dead_.emplace_back(boot_ns, key);
  auto it = by_path_.find({key.hierarchy, entry->path});
  if (it != by_path_.end() && it->second == key) by_path_.erase(it);
}

bool CgroupIndex::Apply(const CgroupChange& change, int64_t boot_ns) {
  const uint32_t hierarchy = change.cgroup.hierarchy;
  if (hierarchy != kUnified && hierarchy != mounts_.memory_hierarchy) return false;
  std::string path = change.truncated ? WithoutLastComponent(change.path) : change.path;
  Add(change.cgroup, std::move(path), boot_ns, !change.truncated);
  if (change.born) return true;
  auto it = by_key_.find(change.cgroup);
  if (it != by_key_.end() && it->second.died_boot_ns == 0) {
    Bury(change.cgroup, &it->second, boot_ns);
  }
  return true;
}

const std::string* CgroupIndex::PathOf(const CgroupKey& key) const {
  auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : &it->second.path;
}

bool CgroupIndex::IsAlive(const CgroupKey& key) const {
  auto it = by_key_.find(key);
  return it != by_key_.end() && it->second.died_boot_ns == 0;
}

std::optional<CgroupKey> CgroupIndex::Find(uint32_t hierarchy, const std::string& path) const {
  auto it = by_path_.find({hierarchy, path});
  if (it == by_path_.end()) return std::nullopt;
  return it->second;
}

CgroupIndex::Place CgroupIndex::PlaceOf(const ProcCgroup& cgroup) {
  const bool by_memory =
      !mounts_.memory.empty() && !cgroup.memory.empty() && LevelOf(cgroup.unified) == 0;
  const uint32_t hierarchy = by_memory ? mounts_.memory_hierarchy : kUnified;
  const std::string& path = by_memory ? cgroup.memory : cgroup.unified;
  const std::string& mount = by_memory ? mounts_.memory : mounts_.unified;
  Place place{{0, hierarchy}, LevelOf(path)};
  if (path.empty() || mount.empty() || HasDotDot(path)) return place;
  if (const auto known = Find(hierarchy, path)) {
    place.key = *known;
    return place;
  }
  place.key.id = InodeOf(mount + path);
  Add(place.key, path, 0);
  return place;
}

void CgroupIndex::DropOldestTombstone() {
  while (!dead_.empty()) {
    const auto [died, key] = dead_.front();
    dead_.pop_front();
    auto it = by_key_.find(key);
    if (it == by_key_.end() || it->second.died_boot_ns != died) continue;  // revived since
    by_key_.erase(it);
    return;
  }
}

void CgroupIndex::DropTombstones(int64_t now_boot_ns) {
  const int64_t oldest = now_boot_ns - absl::ToInt64Nanoseconds(limits_.tombstone_ttl);
  while (!dead_.empty() && dead_.front().first < oldest) DropOldestTombstone();
}

}  // namespace nsobs
