#include "userspace/correlation/host_view.h"

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/strings/str_split.h"
#include "userspace/base/file.h"
#include "userspace/correlation/engine_args.h"
#include "userspace/correlation/executable_file.h"
#include "userspace/correlation/rootless.h"
#include "userspace/correlation/runtime_args.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

constexpr size_t kCmdlineCap = 64 << 10;
constexpr size_t kArgsCap = 512;  // as much as the kernel side sends
constexpr size_t kOwnMountinfoCap = 16 << 20;
constexpr size_t kNamesPerPass = 64;
constexpr size_t kMaxZombieParents = 1000;
constexpr int kMaxTries = 10;  // of holding a path against a state that may not exist
// How long an engine may take from making namespaces to starting a program in them.
constexpr int64_t kEngineGraceNs = 2'000'000'000;
// The same where the container is known: its hooks and its network plugins run meanwhile. Beyond
// it the record of the exec is taken for lost.
constexpr int64_t kHooksGraceNs = 10'000'000'000;
// A scan shows what is; records of what led to it may still wait to be read.
constexpr int64_t kUnreadNs = 2'000'000'000;

Process ToProcess(const HostProcess& seen, CgroupIndex* cgroups) {
  Process process;
  process.pid = process.tid = seen.pid;
  process.ns_pid = seen.ns_pid != 0 ? seen.ns_pid : seen.pid;
  process.parent_pid = seen.parent_pid;
  process.start_boot_ns =
      seen.start_boot_ns != 0 ? seen.start_boot_ns : seen.start_ticks * kNsPerTick;
  process.uid = seen.uid;
  process.comm = seen.comm;
  process.namespaces = seen.namespaces;
  if (seen.place) {
    process.cgroup = seen.place->key;
    process.cgroup_level = seen.place->level;
    return process;
  }
  const CgroupIndex::Place place = cgroups->PlaceOf(seen.cgroup);
  process.cgroup = place.key;
  process.cgroup_level = place.level;
  return process;
}

// Arguments of a process of the host's root, NUL separated. Nobody else's are ever read: the read
// waits for a lock that the process can hold.
std::string ReadArgs(const std::string& proc_root, uint32_t pid) {
  auto text = ReadSmallFile(proc_root + "/" + std::to_string(pid) + "/cmdline", kCmdlineCap);
  if (!text.ok()) return "";
  while (!text->empty() && text->back() == '\0') text->pop_back();
  return *std::move(text);
}

}  // namespace

void HostView::Apply(HostScan scan, int64_t started_boot_ns, bool initial) {
  if (initial) indexes_.namespaces.SetHost(scan.host);
  indexes_.cgroups.Scan(started_boot_ns);
  Prepare(std::move(scan));
  if (initial) {
    LearnEngines();
    RememberProcesses();
  }
  TakeLists(started_boot_ns);
  for (const Process& process : processes_) Place(process, started_boot_ns, initial);
  StartWithoutInit(started_boot_ns);
  BuryOwners(started_boot_ns);
  FindHeld();
  indexes_.namespaces.Reconcile(counts_, held_, started_boot_ns);
  indexes_.plain.BuryHomeless(started_boot_ns);
  if (!initial) RefreshNames(started_boot_ns);
  ForgetScan();
}

// Containers of the standard library keep their room otherwise, as of the largest scan ever.
void HostView::ForgetScan() {
  const auto forget = [](auto& list) { std::decay_t<decltype(list)>().swap(list); };
  forget(processes_);
  forget(alive_);
  forget(listed_inits_);
  forget(engines_inits_);
  forget(first_in_);
  forget(counts_);
}

void HostView::Prepare(HostScan scan) {
  std::sort(scan.processes.begin(), scan.processes.end(),
            [](const HostProcess& a, const HostProcess& b) {
              return std::tie(a.start_ticks, a.pid) < std::tie(b.start_ticks, b.pid);
            });
  processes_.reserve(scan.processes.size());
  alive_.reserve(scan.processes.size());
  for (const HostProcess& seen : scan.processes) {
    Process process = ToProcess(seen, &indexes_.cgroups);
    // The record of an end is made at its beginning; taking a process apart may need a while, and
    // the list still has it.
    const ProcessIndex::Entry* known = indexes_.processes.Find(IdOf(process));
    if (known != nullptr && known->died_boot_ns != 0) continue;
    alive_.insert(IdOf(process));
    processes_.push_back(std::move(process));
  }
  Count();
  TakeZombies(scan.zombies);
}

void HostView::TakeZombies(const std::map<uint32_t, uint32_t>& by_parent) {
  zombies_.clear();
  if (by_parent.empty()) return;
  for (const Process& process : processes_) {
    const auto it = by_parent.find(process.pid);
    if (it != by_parent.end()) zombies_.emplace_back(process, it->second);
  }
  std::stable_sort(zombies_.begin(), zombies_.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (zombies_.size() > kMaxZombieParents) zombies_.resize(kMaxZombieParents);
}

void HostView::Count() {
  counts_.clear();
  host_counts_.clear();
  for (const Process& process : processes_) {
    for (NamespaceKind kind : kNamespaceKinds) {
      const NamespaceIdentity& identity = process.namespaces[kind];
      if (identity.inode == 0) continue;
      ++counts_[{kind, identity.inode}];
      if (indexes_.namespaces.IsHost(kind, identity)) ++host_counts_[kind];
    }
  }
}

void HostView::LearnEngines() {
  for (const Process& process : processes_) {
    if (!IsEngineComm(process.comm)) continue;
    if (IsForeign(process, NamespaceKind::kPid, indexes_.namespaces)) continue;
    const std::string& proc = indexes_.options.proc_root;
    const auto uid = RealUid(proc, process.pid);
    if (!uid) continue;
    // By path alone: nothing may be named before all engines are known.
    const std::string* path = indexes_.cgroups.PathOf(process.cgroup);
    if (path != nullptr && ParseCgroupPath(*path).type == CgroupPath::Type::kContainer) continue;
    if (*uid != 0) {
      LearnUsersEngine(&indexes_, process, *uid, {});
      continue;
    }
    if (IsForeign(process, NamespaceKind::kUser, indexes_.namespaces)) continue;
    const std::string text = ReadArgs(proc, process.pid);
    const std::vector<std::string> args = absl::StrSplit(text, '\0');
    const auto cwd = ReadLink(proc + "/" + std::to_string(process.pid) + "/cwd");
    MergeRoots(ParseEngineArgs(process.comm, args, cwd.ok() ? *cwd : ""), &indexes_.roots);
  }
}

void HostView::RememberProcesses() {
  for (const Process& process : processes_) {
    const auto foreign = [&](NamespaceKind kind) {
      return IsForeign(process, kind, indexes_.namespaces);
    };
    // A container's file may lie on a file system whose server is the container.
    const bool hosts_files =
        process.namespaces[NamespaceKind::kMnt].inode != 0 && !foreign(NamespaceKind::kMnt);
    const bool hosts_root = process.uid == 0 && hosts_files && !foreign(NamespaceKind::kPid) &&
                            !foreign(NamespaceKind::kUser);
    std::optional<std::string> args;
    if (hosts_root) {
      std::string text = ReadArgs(indexes_.options.proc_root, process.pid);
      std::replace(text.begin(), text.end(), '\0', ' ');
      if (text.size() > kArgsCap) text.resize(kArgsCap);
      if (!text.empty()) args = std::move(text);
    }
    const std::string exe = indexes_.options.proc_root + "/" + std::to_string(process.pid) + "/exe";
    indexes_.processes.Add(process, std::move(args),
                           hosts_files ? StatExecutable(exe) : Executable{});
  }
}

uint64_t HostView::StartOfSandbox(uint32_t pid) const {
  for (const Process& process : processes_) {
    if (process.pid != pid) continue;
    const bool named_so = process.comm == "exe" || process.comm.starts_with("runsc");
    return named_so && process.uid == 0 ? IdOf(process).start_ticks : 0;
  }
  return 0;
}

void HostView::TakeLists(int64_t boot_ns) {
  const std::vector<RuntimeRecord> records = ListContainers(indexes_.readers);
  for (const RuntimeRecord& record : records) {
    if (record.plain_namespace || record.init_pid == 0) continue;
    ProcessId init{record.init_pid, record.init_start_ticks};
    if (record.runtime == "runsc") init.start_ticks = StartOfSandbox(record.init_pid);
    if (!alive_.contains(init)) continue;  // a state that outlived its container
    if (record.of_engine) {
      engines_inits_.emplace(init, record);
      continue;
    }
    if (const Owner* owner = indexes_.finder.TakeListed(record)) {
      listed_inits_[init] = owner->facts.id;
    }
  }
  indexes_.plain.TakeNames(records, boot_ns);
}

OwnerId HostView::ListedOwner(const Process& process, int64_t boot_ns) {
  const ProcessId id = IdOf(process);
  const auto listed = listed_inits_.find(id);
  if (listed != listed_inits_.end()) return listed->second;
  if (!MayBeInit(indexes_, process)) return 0;
  const Owner* known = indexes_.owners.FindByInit(id);
  if (known != nullptr && known->sort == OwnerSort::kContainer) return known->facts.id;
  const auto engines = engines_inits_.find(id);
  if (engines != engines_inits_.end()) {
    const Owner* owner = indexes_.finder.TakeListed(engines->second);
    if (owner != nullptr) return owner->facts.id;
  }
  const OwnerId users = FindUsersContainer(&indexes_, process, boot_ns);
  return users != 0 ? users : NamedByMonitor(process, boot_ns);
}

OwnerId HostView::NamedByMonitor(const Process& init, int64_t boot_ns) {
  const ProcessIndex::Entry* parent = indexes_.processes.FindParent(init.parent_pid, init);
  if (parent == nullptr || parent->process.comm != "systemd-nspawn") return 0;
  const Process& monitor = parent->process;
  if (IsForeign(monitor, NamespaceKind::kPid, indexes_.namespaces) ||
      IsForeign(monitor, NamespaceKind::kUser, indexes_.namespaces) ||
      RealUid(indexes_.options.proc_root, monitor.pid) != 0u ||
      indexes_.finder.OwnerOf(monitor.cgroup, boot_ns) != 0) {
    return 0;
  }
  const std::vector<std::string> args =
      absl::StrSplit(ReadArgs(indexes_.options.proc_root, monitor.pid), '\0');
  const auto call = ParseRuntimeCall(args);
  return call ? indexes_.finder.TakeCalled(*call) : 0;
}

void HostView::Place(const Process& process, int64_t boot_ns, bool initial) {
  for (NamespaceKind kind : kNamespaceKinds) {
    NamespaceInfo* info = indexes_.namespaces.FindOrAdd(kind, process.namespaces[kind], boot_ns);
    if (info == nullptr) continue;
    if (info->some_process.pid != 0 && alive_.contains(IdOf(info->some_process))) continue;
    info->some_process = process.key();
    info->some_comm = process.comm;
    info->uid = process.uid;
  }
  OwnerId id = process.cgroup_level == 0 ? 0 : indexes_.finder.OwnerOf(process.cgroup, boot_ns);
  if (id == 0) id = ListedOwner(process, boot_ns);
  if (Owner* owner = indexes_.owners.Get(id)) {
    PlaceInContainer(owner, process, boot_ns, initial);
  } else if (HasForeign(process, indexes_.namespaces)) {
    SettlePlain(process, boot_ns, initial);
  }
}

void HostView::PlaceInContainer(Owner* owner, const Process& process, int64_t boot_ns,
                                bool initial) {
  const OwnerId id = owner->facts.id;
  if (!initial && !owner->init_is_alive && AwaitsProgram(process, boot_ns)) return;
  first_in_.try_emplace(id, &process);
  if (lifecycle_.IsInitOf(*owner, process)) {
    const int64_t when = initial ? boot_ns : static_cast<int64_t>(process.start_boot_ns);
    lifecycle_.Start(id, process, std::max<int64_t>(when, 1), /*tell=*/!initial);
    return;
  }
  owner->listed = true;
  indexes_.owners.Publish(owner);
}

// A runtime's child that waits in the new namespaces until all hooks are done: whoever comes in
// meanwhile makes the container, and did not enter one. We saw the namespaces made, so the record
// of its exec will come; of a very young one that record may still be unread, too.
bool HostView::AwaitsProgram(const Process& process, int64_t boot_ns) const {
  const int64_t age_ns = boot_ns - static_cast<int64_t>(process.start_boot_ns);
  if (age_ns > kHooksGraceNs) return false;
  const ProcessIndex::Entry* known = indexes_.processes.Find(IdOf(process));
  if (known != nullptr && known->exec_boot_ns != 0) return false;
  if (age_ns < kUnreadNs) return true;
  return std::ranges::any_of(kNamespaceKinds, [&](NamespaceKind kind) {
    if (!IsForeign(process, kind, indexes_.namespaces)) return false;
    const NamespaceInfo* info = indexes_.namespaces.Find(kind, process.namespaces[kind], boot_ns);
    return info != nullptr && info->maker != nullptr;
  });
}

void HostView::SettlePlain(const Process& process, int64_t boot_ns, bool initial) {
  indexes_.plain.NoteResident(process, boot_ns);
  // Between making namespaces and the container's first program there is nothing to name yet.
  const auto started = static_cast<int64_t>(process.start_boot_ns);
  const bool young = !initial && boot_ns - started < kEngineGraceNs;
  if (young && (indexes_.plain.WaitsForEngine(process, boot_ns) ||
                indexes_.plain.HasUnread(process, boot_ns))) {
    return;
  }
  indexes_.plain.Claim(process, boot_ns);
  if (!IsNamespaceInit(process, indexes_.namespaces)) return;
  const NamespaceInfo* info = indexes_.namespaces.Find(
      NamespaceKind::kPid, process.namespaces[NamespaceKind::kPid], boot_ns);
  Owner* owner =
      info == nullptr ? nullptr : indexes_.owners.Get(PrimaryOwner(info->owners, indexes_.owners));
  if (owner == nullptr || owner->sort != OwnerSort::kUnshare || owner->init) return;
  lifecycle_.Start(owner->facts.id, process, boot_ns, /*tell=*/false);
}

// Containers that share the host's pid namespace and whose runtime doesn't tell the init.
void HostView::StartWithoutInit(int64_t boot_ns) {
  for (const auto& [id, process] : first_in_) {
    const Owner* owner = indexes_.owners.Get(id);
    if (owner == nullptr || owner->init || owner->told_init) continue;
    lifecycle_.Start(id, *process, boot_ns, /*tell=*/false);
  }
}

void HostView::BuryOwners(int64_t started_boot_ns) {
  std::vector<OwnerId> phantoms;
  indexes_.owners.ForEach([&](Owner* owner) {
    if (!owner->facts.alive || owner->sort == OwnerSort::kNetns || owner->became != 0) return;
    if (owner->init) {
      const bool late = owner->draft.started_boot_ns >= started_boot_ns;
      if (!late && !alive_.contains(*owner->init)) {
        indexes_.owners.MarkDead(owner, started_boot_ns);
      }
      return;
    }
    if (owner->sort == OwnerSort::kUnshare || first_in_.contains(owner->facts.id)) return;
    const bool has_cgroup =
        std::any_of(owner->cgroups.begin(), owner->cgroups.end(),
                    [this](const CgroupKey& key) { return indexes_.cgroups.IsAlive(key); });
    if (has_cgroup) return;
    if (owner->listed) {
      indexes_.owners.MarkDead(owner, started_boot_ns);
    } else {
      phantoms.push_back(owner->facts.id);
    }
  });
  for (OwnerId id : phantoms) indexes_.owners.Erase(id);
}

void HostView::RefreshNames(int64_t boot_ns) {
  std::vector<OwnerId> due;
  indexes_.owners.ForEach([&](const Owner* owner) {
    if (!owner->facts.alive || !owner->listed || due.size() >= kNamesPerPass) return;
    const auto version =
        owner->name_file.empty() ? std::nullopt : indexes_.users.Stat(owner->uid, owner->name_file);
    const bool changed = version && !(*version == owner->name_file_version);
    const bool unconfirmed = !owner->confirmed && owner->tries < kMaxTries;
    if (changed || !owner->named || unconfirmed) due.push_back(owner->facts.id);
  });
  for (OwnerId id : due) {
    indexes_.finder.TryName(indexes_.owners.Get(id), boot_ns, /*force=*/true);
  }
}

// Namespaces that live on without a process because they are mounted somewhere in our view.
void HostView::FindHeld() {
  held_.clear();
  mount_points_.clear();
  const auto text = ReadSmallFile(indexes_.options.proc_root + "/self/mountinfo", kOwnMountinfoCap);
  if (!text.ok()) return;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (line.find(" - nsfs ") == absl::string_view::npos) continue;
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(' ', 5));
    if (fields.size() < 5) continue;
    const auto parsed = ParseNamespaceLink(std::string_view(fields[3].data(), fields[3].size()));
    if (!parsed) continue;
    held_.insert({parsed->first, parsed->second});
    mount_points_.try_emplace({parsed->first, parsed->second}, std::string(fields[4]));
  }
}

std::string HostView::MountPointOf(const NamespaceInfo& info) const {
  const auto it = mount_points_.find({info.kind, info.identity.inode});
  return it == mount_points_.end() ? "" : it->second;
}

}  // namespace nsobs
