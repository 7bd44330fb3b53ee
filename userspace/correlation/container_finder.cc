#include "userspace/correlation/container_finder.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "userspace/correlation/blind_spots.h"
namespace nsobs {
namespace {

constexpr uint32_t kUnifiedHierarchy = 0;
constexpr size_t kShortId = 12;
constexpr int kMaxNested = 64;      // containers inside one container; more count as its own
constexpr size_t kMaxCgroups = 16;  // that are remembered of one container
constexpr int64_t kFirstRetryNs = 5'000'000;
constexpr int64_t kLastRetryNs = 60'000'000'000;
constexpr int64_t kStatPeriodNs = 200'000'000;

int64_t RetryDelay(int tries) {
  return std::min(kLastRetryNs, kFirstRetryNs << std::min(tries, 20));
}

std::string KeyOf(const RuntimeRecord& record, const std::string& ns) {
  if (IsFullId(record.id)) return record.id;
  return record.runtime + ":" + (ns.empty() ? "" : ns + "/") + record.id;
}

// Runtimes whose containers are found by a name that people chose, as queries call them.
std::string NamedRuntime(const std::string& runtime) {
  if (runtime == "lxc" || runtime == "incus" || runtime == "lxd") return "lxc";
  return runtime == "nspawn" ? "nspawn" : "";
}

// Keys of a user who isn't root are his own.
std::string KeyOfUser(uint32_t uid, const std::string& key) {
  return uid == 0 ? key : "user:" + std::to_string(uid) + "/" + key;
}

// Of the outermost the name is known; what lies between has only its id.
std::vector<ContainerParent> ParentsOf(const Owner& outer, const CgroupPath& parsed) {
  std::vector<ContainerParent> parents;
  for (const std::string& id : parsed.parents) {
    if (parents.empty()) {
      parents.push_back({outer.draft.id, outer.draft.name, outer.draft.runtime});
    } else {
      parents.push_back({id, IsFullId(id) ? id.substr(0, kShortId) : id, "unknown"});
    }
  }
  return parents;
}

std::string PodKeyOf(const CgroupPath& parsed) {
  if (!parsed.pod_id.empty()) return "pod:" + parsed.pod_id;
  if (!parsed.pod_uid.empty()) return "uid:" + parsed.pod_uid;
  return "";
}

}  // namespace

absl::flat_hash_map<CgroupKey, OwnerId> ContainerFinder::KnownOwners() const {
  absl::flat_hash_map<CgroupKey, OwnerId> known;
  for (const auto& [cgroup, id] : by_cgroup_) {
    if (id != 0) known[cgroup] = id;
  }
  return known;
}

OwnerId ContainerFinder::OwnerOf(const CgroupKey& cgroup, int64_t boot_ns) {
  auto it = by_cgroup_.find(cgroup);
  if (it != by_cgroup_.end()) {
    if (it->second == 0) return 0;
    if (const Owner* owner = owners_.Get(it->second)) return owner->facts.id;
  }
  const std::string* path = cgroups_.PathOf(cgroup);
  if (path == nullptr) return 0;
  const OwnerId id = Resolve(cgroup, std::string(*path), boot_ns);
  by_cgroup_[cgroup] = id;
  if (id != 0) ++version_;
  return id;
}

OwnerId ContainerFinder::AskAgain(const CgroupKey& cgroup, int64_t boot_ns) {
  auto it = by_cgroup_.find(cgroup);
  if (it != by_cgroup_.end() && it->second == 0) by_cgroup_.erase(it);
  return OwnerOf(cgroup, boot_ns);
}

OwnerId ContainerFinder::Resolve(const CgroupKey& cgroup, const std::string& path,
                                 int64_t boot_ns) {
  CgroupPath parsed = ParseCgroupPath(path);
  if (parsed.type == CgroupPath::Type::kContainer && parsed.uid == 0) {
    parsed.uid = OwnerOfPath(cgroup.hierarchy,
                             parsed.parents.empty() ? parsed.container_path : parsed.outer_path);
  }
  // Nobody but a runtime's list can claim a path of any form, and what is inside is inside.
  if (const OwnerId listed = ListedAncestor(cgroup.hierarchy, path); listed != 0) return listed;
  Owner* owner = nullptr;
  switch (parsed.type) {
    case CgroupPath::Type::kHost:
    case CgroupPath::Type::kMonitor:
      return 0;
    case CgroupPath::Type::kContainer:
      owner = parsed.parents.empty() ? TakeStrong(parsed, cgroup, boot_ns)
                                     : TakeNested(parsed, cgroup, boot_ns);
      break;
    case CgroupPath::Type::kWeak:
      owner = TakeWeak(parsed, cgroup);
      break;
  }
  if (owner == nullptr) return 0;
  Attach(cgroup, owner);
  return owner->facts.id;
}

OwnerId ContainerFinder::ListedAncestor(uint32_t hierarchy, std::string_view path) const {
  while (!path.empty() && !by_path_.empty()) {
    auto it = by_path_.find({hierarchy, std::string(path)});
    if (it != by_path_.end()) {
      const Owner* owner = owners_.Get(it->second);
      if (owner != nullptr && owner->facts.alive) return owner->facts.id;
    }
    path = path.substr(0, path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/'));
  }
  return 0;
}

Owner* ContainerFinder::AddByPath(const CgroupPath& parsed, std::string key) {
  Owner* owner = owners_.Add(OwnerSort::kContainer, std::move(key));
  if (owner == nullptr) return nullptr;
  const bool is_full_id = IsFullId(parsed.id);
  const std::string_view runtime = Name(parsed.runtime);
  owner->draft.id = parsed.id;
  owner->draft.name = is_full_id ? parsed.id.substr(0, kShortId) : parsed.id;
  owner->draft.runtime = runtime.empty() ? "unknown" : std::string(runtime);
  owner->draft.source = "cgroup";
  // LXC adds a number to a name that is taken: without its file "web-1" may be "web".
  const bool numbered = parsed.runtime == PathRuntime::kLxc && !parsed.id.empty() &&
                        parsed.id.back() >= '0' && parsed.id.back() <= '9';
  owner->draft.certain = !runtime.empty() && parsed.parents.empty() && !numbered;
  owner->draft.cgroup_path = parsed.container_path;
  owner->draft.blind_spots = BlindSpotsOf(owner->draft.runtime, "");
  if (!parsed.pod_uid.empty()) owner->draft.pod_uid = parsed.pod_uid;
  owner->facts.pod_key = PodKeyOf(parsed);
  owner->uid = parsed.uid;
  if (parsed.uid != 0) owner->draft.user = ContainerUser{parsed.uid, {}};
  // lxc and nspawn: what the path says is the name.
  owner->named = owner->confirmed = !is_full_id;
  return owner;
}

Owner* ContainerFinder::TakeStrong(const CgroupPath& parsed, const CgroupKey& cgroup,
                                   int64_t boot_ns) {
  const std::string key = KeyOfUser(
      parsed.uid,
      IsFullId(parsed.id) ? parsed.id : std::string(Name(parsed.runtime)) + ":" + parsed.id);
  Owner* owner = owners_.FindByKey(key);
  if (owner != nullptr) {
    const Verdict verdict = Compare(owner->cgroup_paths, cgroup.hierarchy, parsed.container_path);
    return verdict == Verdict::kOther && owner->facts.alive ? nullptr : owner;
  }
  owner = AddByPath(parsed, key);
  if (owner == nullptr) return nullptr;
  Attach(cgroup, owner);
  const OwnerId id = owner->facts.id;
  TryName(owner, boot_ns, /*force=*/true);
  return owners_.Get(id);
}

// Directories inside a container were made by it and may bear any name. What the runtimes of the
// host confirm is theirs; the id of a container that lies elsewhere is a lie; the rest is nested.
Owner* ContainerFinder::TakeNested(const CgroupPath& parsed, const CgroupKey& cgroup,
                                   int64_t boot_ns) {
  CgroupPath outer_path = ParseCgroupPath(parsed.outer_path);
  outer_path.uid = parsed.uid;
  if (IsFullId(parsed.id)) {
    const auto record = FindContainer(readers_, {parsed.id, ""});
    const bool theirs = record && Compare(record->cgroup_paths, cgroup.hierarchy,
                                          parsed.container_path) == Verdict::kSame;
    if (theirs) return TakeStrong(parsed, cgroup, boot_ns);
    if (record || owners_.FindByKey(parsed.id) != nullptr) {
      return TakeStrong(outer_path, cgroup, boot_ns);
    }
  }
  Owner* outer = TakeStrong(outer_path, cgroup, boot_ns);
  if (outer == nullptr) return nullptr;
  const std::string key = outer->key + "/" + parsed.id;
  if (Owner* known = owners_.FindByKey(key)) return known;
  if (outer->nested_count >= kMaxNested) return outer;
  const OwnerId outer_id = outer->facts.id;
  Owner* owner = AddByPath(parsed, key);
  outer = owners_.Get(outer_id);
  if (owner == nullptr || outer == nullptr) return outer;
  ++outer->nested_count;
  owner->nested = true;
  owner->draft.parents = ParentsOf(*outer, parsed);
  owner->draft.pod = outer->draft.pod;
  owner->draft.pod_namespace = outer->draft.pod_namespace;
  owner->draft.pod_uid = outer->draft.pod_uid;
  owner->facts.pod_key = outer->facts.pod_key;
  return owner;
}

Owner* ContainerFinder::TakeWeak(const CgroupPath& parsed, const CgroupKey& cgroup) {
  const bool may_be_namespace = IsSafeFileName(parsed.weak_namespace);
  const std::string ns = may_be_namespace ? parsed.weak_namespace : "";
  for (const auto& reader : readers_) {
    const auto record = reader->Find({parsed.id, ns});
    if (!record) continue;
    if (Compare(record->cgroup_paths, cgroup.hierarchy, parsed.container_path) != Verdict::kSame) {
      continue;
    }
    const std::string key = KeyOf(*record, record->runtime == "containerd" ? ns : "");
    Owner* owner = owners_.FindByKey(key);
    if (owner == nullptr) owner = AddByPath(parsed, key);
    if (owner == nullptr) return nullptr;
    Apply(*record, owner);
    owner->confirmed = true;
    return owner;
  }
  return nullptr;
}

Owner* ContainerFinder::TakeUsers(uint32_t uid, const RuntimeRecord& record) {
  const std::string key = KeyOfUser(uid, KeyOf(record, ""));
  Owner* owner = owners_.FindByKey(key);
  if (owner == nullptr) owner = owners_.Add(OwnerSort::kContainer, key);
  if (owner == nullptr) return nullptr;
  owner->uid = uid;
  if (!owner->draft.user) owner->draft.user = ContainerUser{uid, {}};
  Apply(record, owner);
  owner->confirmed = true;
  owner->facts.has_cgroup = !owner->cgroups.empty();
  return owner;
}

Owner* ContainerFinder::TakeListed(const RuntimeRecord& listed) {
  const bool by_id = listed.of_engine || IsFullId(listed.id);
  const auto better = by_id ? FindContainer(readers_, {listed.id, ""}) : std::nullopt;
  if (listed.of_engine && !better) return nullptr;
  const RuntimeRecord& record = better ? *better : listed;
  const std::string key = KeyOf(record, "");
  Owner* owner = owners_.FindByKey(key);
  if (owner == nullptr) owner = owners_.Add(OwnerSort::kContainer, key);
  if (owner == nullptr) return nullptr;
  Apply(record, owner);
  owner->confirmed = true;
  // Rootless runtimes write down cgroups that they never made.
  owner->facts.has_cgroup = false;
  const std::array<std::pair<const char*, uint32_t>, 2> kHierarchies = {
      {{"", kUnifiedHierarchy}, {"memory", cgroups_.mounts().memory_hierarchy}}};
  for (const auto& [controller, hierarchy] : kHierarchies) {
    auto told = record.cgroup_paths.find(controller);
    if (told == record.cgroup_paths.end()) continue;
    const std::string path = RelativePath(controller, told->second);
    const auto cgroup = cgroups_.Find(hierarchy, path);
    if (!cgroup || path == "/") continue;
    owner->facts.has_cgroup = true;
    owner->draft.cgroup_path = path;
    if (std::exchange(by_path_[{hierarchy, path}], owner->facts.id) == owner->facts.id) continue;
    // What was taken for the host's may lie inside.
    absl::erase_if(by_cgroup_, [](const auto& entry) { return entry.second == 0; });
    by_cgroup_[*cgroup] = owner->facts.id;
    ++version_;
    Attach(*cgroup, owner);
  }
  return owner;
}

OwnerId ContainerFinder::TakeCalled(const RuntimeCall& call) {
  const std::string key = call.runtime + ":" + call.id;
  Owner* owner = owners_.FindByKey(key);
  if (owner != nullptr && owner->facts.alive && owner->init_is_alive) return 0;
  if (owner == nullptr) owner = owners_.Add(OwnerSort::kContainer, key);
  if (owner == nullptr) return 0;
  owner->draft.name = owner->draft.id = call.id;
  owner->draft.runtime = call.runtime;
  owner->draft.oci_runtime = call.runtime == "nspawn" ? "" : call.runtime;
  owner->draft.blind_spots = BlindSpotsOf(call.runtime, "");
  owner->draft.source = "runtime_args";
  owner->draft.certain = true;
  // Which cgroup it got isn't told: who is in its pid namespace is at home.
  owner->facts.has_cgroup = false;
  owner->named = owner->confirmed = owner->listed = true;
  return owner->facts.id;
}

OwnerId ContainerFinder::TakeCalledIn(const RuntimeCall& call, const CgroupKey& cgroup,
                                      const ProcessId& init) {
  const std::string* path = cgroups_.PathOf(cgroup);
  if (path == nullptr || !path->ends_with("/" + call.id)) return 0;
  const std::string own_path = *path;
  const OwnerId id = TakeCalled(call);
  Owner* owner = owners_.Get(id);
  if (owner == nullptr) return 0;
  owner->facts.has_cgroup = true;
  owner->told_init = init;
  owner->draft.cgroup_path = own_path;
  by_cgroup_[cgroup] = id;
  ++version_;
  Attach(cgroup, owner);
  return id;
}

void ContainerFinder::TryName(Owner* owner, int64_t boot_ns, bool force) {
  if (!IsAsked(*owner)) return;
  if (!force && ((owner->named && owner->confirmed) || boot_ns < owner->next_try_boot_ns)) return;
  owner->next_try_boot_ns = boot_ns + RetryDelay(owner->tries++);
  const auto record = Ask(*owner);
  if (!record) return;
  bool confirmed = false;
  std::vector<CgroupKey> impostors;
  for (const CgroupKey& cgroup : owner->cgroups) {
    const std::string* path = cgroups_.PathOf(cgroup);
    if (path == nullptr || !cgroups_.IsAlive(cgroup)) continue;
    const Verdict verdict = Compare(record->cgroup_paths, cgroup.hierarchy, *path);
    if (verdict == Verdict::kOther) impostors.push_back(cgroup);
    confirmed = confirmed || verdict == Verdict::kSame;
  }
  for (const CgroupKey& cgroup : impostors) Detach(cgroup, owner);
  if (!impostors.empty() && owner->cgroups.empty()) {
    owners_.Erase(owner->facts.id);
    return;
  }
  Apply(*record, owner);
  owner->confirmed = owner->confirmed || confirmed;
}

bool ContainerFinder::IsRenamed(Owner* owner, int64_t boot_ns) const {
  if (!owner->facts.alive || owner->name_file.empty()) return false;
  if (boot_ns < owner->next_stat_boot_ns) return false;
  owner->next_stat_boot_ns = boot_ns + kStatPeriodNs;
  const auto version = users_.Stat(owner->uid, owner->name_file);
  return version && !(*version == owner->name_file_version);
}

// What is inside of another container has no files here; raw runc and crun are named by their ids.
bool ContainerFinder::IsAsked(const Owner& owner) {
  if (owner.nested || owner.sort != OwnerSort::kContainer) return false;
  return IsFullId(owner.draft.id) || !NamedRuntime(owner.draft.runtime).empty();
}

uint32_t ContainerFinder::OwnerOfPath(uint32_t hierarchy, std::string_view path) const {
  const CgroupMounts& mounts = cgroups_.mounts();
  const std::string& mount = hierarchy == kUnifiedHierarchy ? mounts.unified : mounts.memory;
  struct stat root{};
  if (mount.empty() || stat(mount.c_str(), &root) != 0) return 0;
  for (size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    struct stat st{};
    if (stat((mount + std::string(path.substr(0, slash))).c_str(), &st) != 0) return 0;
    if (st.st_uid != root.st_uid) return st.st_uid;
  }
  return 0;
}

std::optional<RuntimeRecord> ContainerFinder::Ask(const Owner& owner) {
  const RuntimeReaders* readers = owner.uid == 0 ? &readers_ : users_.ReadersOf(owner.uid);
  if (readers == nullptr) return std::nullopt;
  auto record = FindContainer(*readers, {owner.draft.id, "", NamedRuntime(owner.draft.runtime)});
  if (record && owner.uid != 0) record->cgroup_paths.clear();
  return record;
}

void ContainerFinder::Detach(const CgroupKey& cgroup, Owner* owner) {
  std::erase(owner->cgroups, cgroup);
  by_cgroup_[cgroup] = 0;
  ++version_;
}

void ContainerFinder::Apply(const RuntimeRecord& record, Owner* owner) {
  Container& draft = owner->draft;
  draft.name = record.name;
  draft.id = record.id;
  draft.runtime = record.runtime;
  draft.image = record.image;
  draft.pod = record.pod;
  draft.pod_namespace = record.pod_namespace;
  if (record.pod_uid) draft.pod_uid = record.pod_uid;
  draft.labels = record.labels;
  // Its state may be gone again: what was known of the files stays.
  if (!record.bundle_config.empty()) {
    draft.bundle_config = record.bundle_config;
    draft.volumes = record.volumes;
  }
  draft.source = "state_file";
  draft.certain = true;
  draft.oci_runtime = record.oci_runtime;
  draft.blind_spots = BlindSpotsOf(record.runtime, record.oci_runtime);
  draft.created_wall_ns = record.created_wall_ns;
  draft.restart_count = record.restart_count;
  draft.sandbox = record.sandbox;
  if (owner->facts.pod_key.empty() && !record.pod_key.empty()) {
    owner->facts.pod_key = KeyOfUser(owner->uid, record.pod_key);
  }
  // Rootless runtimes write down cgroups that they never made, and a user whatever he likes.
  if (!record.cgroup_paths.empty() && owner->uid == 0) {
    owner->cgroup_paths = record.cgroup_paths;
    KeepNamingPaths(&owner->cgroup_paths);
  }
  if (record.init_pid != 0) owner->told_init = {record.init_pid, record.init_start_ticks};
  owner->name_file = record.name_file;
  owner->name_file_version = record.name_file_version;
  owner->named = true;
  owners_.Publish(owner);
}

void ContainerFinder::Attach(const CgroupKey& cgroup, Owner* owner) {
  auto& known = owner->cgroups;
  if (known.size() >= kMaxCgroups) return;
  if (std::find(known.begin(), known.end(), cgroup) == known.end()) known.push_back(cgroup);
}

std::string ContainerFinder::RelativePath(const std::string& controller,
                                          const std::string& path) const {
  const CgroupMounts& mounts = cgroups_.mounts();
  const std::string& mount = controller.empty() ? mounts.unified : mounts.memory;
  const std::array<std::string, 4> kPrefixes = {mount, "/sys/fs/cgroup/unified",
                                                "/sys/fs/cgroup/memory", "/sys/fs/cgroup"};
  for (const std::string& prefix : kPrefixes) {
    if (!prefix.empty() && path.starts_with(prefix + "/")) return path.substr(prefix.size());
  }
  return path;
}

ContainerFinder::Verdict ContainerFinder::Compare(const std::map<std::string, std::string>& paths,
                                                  uint32_t hierarchy, std::string_view path) const {
  const std::string controller = hierarchy == kUnifiedHierarchy ? "" : "memory";
  auto told = paths.find(controller);
  if (told == paths.end()) return Verdict::kNotTold;
  const std::string own = RelativePath(controller, told->second);
  if (path == own || path.starts_with(own + "/")) return Verdict::kSame;
  // Under systemd the processes may be told to be one level down: <id>.scope/container.
  if (own.starts_with(std::string(path) + "/")) return Verdict::kSame;
  return Verdict::kOther;
}

void ContainerFinder::ForgetUnknownCgroups() {
  absl::erase_if(by_cgroup_,
                 [this](const auto& entry) { return cgroups_.PathOf(entry.first) == nullptr; });
  absl::erase_if(by_path_,
                 [this](const auto& entry) { return owners_.Get(entry.second) == nullptr; });
  owners_.ForEach([this](Owner* owner) {
    std::erase_if(owner->cgroups,
                  [this](const CgroupKey& key) { return cgroups_.PathOf(key) == nullptr; });
  });
}

}  // namespace nsobs
