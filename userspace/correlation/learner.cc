#include "userspace/correlation/learner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/correlation/engine_args.h"
#include "userspace/correlation/host_scan.h"
#include "userspace/correlation/rootless.h"
#include "userspace/correlation/runtime_args.h"

namespace nsobs {
namespace {

constexpr int kMaxLooks = 8;
constexpr int64_t kFirstLookNs = 5'000'000;
constexpr int64_t kLastLookNs = 2'000'000'000;
// Runtimes write down a container about when its init begins to run.
constexpr int64_t kWrittenWithinNs = 1'000'000'000;

// A low-level runtime that runs itself again on its way to become a container's init.
bool IsRuntimeItself(const Process& process, const std::string& args) {
  if (process.comm.starts_with("runc:[")) return true;
  const std::vector<std::string> words = SplitArgs(args);
  if (words.size() < 2 || words.back() != "init") return false;
  const std::string name = words[0].substr(words[0].rfind('/') + 1);
  return name == "runc" || name == "crun" || name == "exe" ||
         words[0].starts_with("/proc/self/fd/");
}

}  // namespace

void Learner::Learn(const Event& event) {
  if (const auto* change = std::get_if<CgroupChange>(&event.detail)) {
    OnCgroup(*change, event.boot_ns);
  } else if (const auto* exec = std::get_if<ProcessExec>(&event.detail)) {
    OnExec(event.process, *exec, event.boot_ns);
  } else if (const auto* exit = std::get_if<ProcessExit>(&event.detail)) {
    OnExit(event, *exit);
  } else if (const auto* change = std::get_if<NamespaceChange>(&event.detail)) {
    OnNamespaceChange(event.process, *change, event.boot_ns);
  } else if (std::holds_alternative<OomKill>(event.detail)) {
    indexes_.processes.OomKill(event.process);
  }
}

void Learner::OnCgroup(const CgroupChange& change, int64_t boot_ns) {
  if (!indexes_.cgroups.Apply(change, boot_ns)) return;
  const OwnerId id = indexes_.finder.OwnerOf(change.cgroup, boot_ns);
  if (change.born || id == 0) return;
  // Without an init that could tell its end, a container ends with its last cgroup.
  Owner* owner = indexes_.owners.Get(id);
  const bool lives_on = owner->init || std::any_of(owner->cgroups.begin(), owner->cgroups.end(),
                                                   [this](const CgroupKey& key) {
                                                     return indexes_.cgroups.IsAlive(key);
                                                   });
  if (!lives_on) indexes_.owners.MarkDead(owner, boot_ns);
}

OwnerId Learner::OwnerByCgroup(const Process& process, int64_t boot_ns) {
  if (process.cgroup.id == 0 || process.cgroup_level == 0) return 0;
  const bool unknown = indexes_.cgroups.PathOf(process.cgroup) == nullptr;
  if (unknown && process.pid != 0 && cgroup_budget_.Take(boot_ns)) {
    const auto found =
        ScanProcess(indexes_.options.proc_root, indexes_.namespaces.host(), process.pid);
    // Adds the path to the index, under the key that the directory really has.
    if (found.ok() && found->start_ticks == IdOf(process).start_ticks) {
      indexes_.cgroups.PlaceOf(found->cgroup);
    }
  }
  return indexes_.finder.OwnerOf(process.cgroup, boot_ns);
}

// Only who is outside of any container is believed about where files are: root about root's, a user
// about his own.
void Learner::LearnEngine(const Process& process, const std::string& args) {
  if (!IsEngineComm(process.comm)) return;
  if (process.uid != 0) {
    if (OwnerByCgroup(process, 0) != 0) return;
    LearnUsersEngine(&indexes_, process, process.uid, SplitArgs(args));
    return;
  }
  if (IsForeign(process, NamespaceKind::kPid, indexes_.namespaces) ||
      IsForeign(process, NamespaceKind::kUser, indexes_.namespaces)) {
    return;
  }
  if (OwnerByCgroup(process, 0) != 0) return;
  // A shim's working directory is its bundle; of a name that anybody may choose only the path
  // itself is used.
  const auto cwd =
      ReadLink(indexes_.options.proc_root + "/" + std::to_string(process.pid) + "/cwd");
  MergeRoots(ParseEngineArgs(process.comm, SplitArgs(args), cwd.ok() ? *cwd : ""), &indexes_.roots);
}

void Learner::NoteNamespaces(const Process& process, int64_t boot_ns) {
  for (NamespaceKind kind : kNamespaceKinds) {
    NamespaceInfo* info = indexes_.namespaces.FindOrAdd(kind, process.namespaces[kind], boot_ns);
    if (info == nullptr || info->some_process.pid != 0) continue;
    info->some_process = process.key();
    info->some_comm = process.comm;
    info->uid = process.uid;
  }
}

OwnerId Learner::FindListedInit(const ProcessId& init, int64_t boot_ns) {
  return list_budget_.Take(boot_ns) ? FindInList(ListContainers(indexes_.readers), init) : 0;
}

OwnerId Learner::FindInList(const std::vector<RuntimeRecord>& list, const ProcessId& init) {
  for (const RuntimeRecord& record : list) {
    if (record.plain_namespace || record.init_pid != init.pid) continue;
    if (record.init_start_ticks != init.start_ticks) continue;
    const Owner* owner = indexes_.finder.TakeListed(record);
    return owner == nullptr ? 0 : owner->facts.id;
  }
  return 0;
}

OwnerId Learner::FindUsersInit(const Process& init, int64_t boot_ns) {
  const bool foreign = IsForeign(init, NamespaceKind::kUser, indexes_.namespaces);
  if (!foreign || !user_budget_.Take(boot_ns)) return 0;
  return FindUsersContainer(&indexes_, init, boot_ns);
}

// The sandbox is no init of a pid namespace, and its state is written later.
OwnerId Learner::TakeSandbox(const Process& process, const std::string& args, bool truncated) {
  if (process.uid != 0 || truncated || process.cgroup_level == 0) return 0;
  if (!args.starts_with("runsc-sandbox ")) return 0;
  if (IsForeign(process, NamespaceKind::kPid, indexes_.namespaces) ||
      IsForeign(process, NamespaceKind::kUser, indexes_.namespaces)) {
    return 0;
  }
  const auto call = ParseRuntimeCall(SplitArgs(args));
  return call ? indexes_.finder.TakeCalledIn(*call, process.cgroup, IdOf(process)) : 0;
}

OwnerId Learner::NameByMaker(const Process& init, int64_t boot_ns) {
  const NamespaceInfo* info =
      indexes_.namespaces.Find(NamespaceKind::kPid, init.namespaces[NamespaceKind::kPid], boot_ns);
  if (info == nullptr || info->maker == nullptr || !info->maker->named.known()) return 0;
  // Only the program that made the namespace is believed, and only outside of containers.
  const Executable& program = info->maker->named;
  for (const LineageNode* node = info->maker.get(); node; node = node->parent.get()) {
    if (!(node->named == program)) return 0;
    if (indexes_.finder.OwnerOf(node->cgroup, boot_ns) != 0) return 0;
    if (!node->args || node->args_cut) continue;
    const auto call = ParseRuntimeCall(SplitArgs(*node->args));
    if (call) return indexes_.finder.TakeCalled(*call);
  }
  return 0;
}

void Learner::OnExec(const Process& process, const ProcessExec& exec, int64_t boot_ns) {
  indexes_.processes.Exec(process, exec, boot_ns);
  LearnEngine(process, exec.args);
  if (IsRuntimeItself(process, exec.args)) return;
  NoteNamespaces(process, boot_ns);
  OwnerId id = OwnerByCgroup(process, boot_ns);
  if (id == 0 && IsNamespaceInit(process, indexes_.namespaces)) {
    id = indexes_.finder.AskAgain(process.cgroup, boot_ns);
    if (id == 0) id = FindListedInit(IdOf(process), boot_ns);
    if (id == 0) id = FindUsersInit(process, boot_ns);
    if (id == 0) id = NameByMaker(process, boot_ns);
  }
  if (id == 0 && !IsNamespaceInit(process, indexes_.namespaces) && MayBeInit(indexes_, process)) {
    id = FindUsersInit(process, boot_ns);
  }
  if (id == 0) id = TakeSandbox(process, exec.args, exec.truncated);
  if (id != 0) {
    RunInContainer(id, process, boot_ns);
  } else if (HasForeign(process, indexes_.namespaces)) {
    RunInPlain(process, boot_ns);
  }
}

void Learner::RunInContainer(OwnerId id, const Process& process, int64_t boot_ns) {
  Owner* owner = indexes_.owners.Get(id);
  if (!owner->init && !owner->told_init && owner->tries < kMaxLooks) {
    indexes_.finder.TryName(owner, boot_ns, /*force=*/true);
    owner = indexes_.owners.Get(id);
    if (owner == nullptr) return;
  }
  if (lifecycle_.IsInitOf(*owner, process)) {
    lifecycle_.Start(id, process, boot_ns, /*tell=*/true);
    return;
  }
  owner->listed = true;
  indexes_.owners.Publish(owner);
}

void Learner::RunInPlain(const Process& process, int64_t boot_ns) {
  indexes_.plain.NoteResident(process, boot_ns);
  Settle(process, boot_ns, /*ran=*/true);
  if (!IsNamespaceInit(process, indexes_.namespaces)) return;
  const NamespaceIdentity& identity = process.namespaces[NamespaceKind::kPid];
  const NamespaceInfo* info = indexes_.namespaces.Find(NamespaceKind::kPid, identity, boot_ns);
  if (info == nullptr) return;
  const Owner* owner = indexes_.owners.Get(PrimaryOwner(info->owners, indexes_.owners));
  if (owner == nullptr || owner->sort != OwnerSort::kUnshare || owner->init) return;
  lifecycle_.Start(owner->facts.id, process, boot_ns, /*tell=*/true);
}

void Learner::Settle(const Process& process, int64_t boot_ns, bool ran) {
  if (!indexes_.plain.HasUnowned(process, boot_ns)) return;
  const NamespaceInfo* net = indexes_.namespaces.Find(
      NamespaceKind::kNet, process.namespaces[NamespaceKind::kNet], boot_ns);
  if (net != nullptr && net->owners.empty() && list_budget_.Take(boot_ns)) {
    indexes_.plain.TakeNames(ListContainers(indexes_.readers), boot_ns);
  }
  if (ran || !indexes_.plain.WaitsForEngine(process, boot_ns)) {
    indexes_.plain.Claim(process, boot_ns);
  }
}

bool Learner::MayLookAgain(const Owner* owner, int64_t boot_ns) const {
  if (owner == nullptr || !owner->of_engine || !owner->init) return false;
  if (boot_ns < owner->next_try_boot_ns) return false;
  // One that has ended may be written down yet.
  return owner->facts.alive ||
         (owner->nameless && boot_ns - owner->draft.died_boot_ns < kWrittenWithinNs);
}

void Learner::LookAgain(OwnerId plain, int64_t boot_ns) {
  Owner* owner = indexes_.owners.Get(plain);
  // Who could not look has not looked: a busy host must not use up the tries.
  if (!MayLookAgain(owner, boot_ns) || !list_budget_.Take(boot_ns)) return;
  LookInto(owner, ListContainers(indexes_.readers), boot_ns);
}

void Learner::LookAgainForAll(int64_t boot_ns) {
  std::vector<OwnerId> nameless;
  indexes_.owners.ForEach([&](const Owner* owner) {
    if (owner->nameless && MayLookAgain(owner, boot_ns)) nameless.push_back(owner->facts.id);
  });
  if (nameless.empty() || !list_budget_.Take(boot_ns)) return;
  const std::vector<RuntimeRecord> list = ListContainers(indexes_.readers);
  for (OwnerId id : nameless) {
    Owner* owner = indexes_.owners.Get(id);
    if (owner != nullptr) LookInto(owner, list, boot_ns);
  }
}

void Learner::LookInto(Owner* owner, const std::vector<RuntimeRecord>& list, int64_t boot_ns) {
  owner->next_try_boot_ns = boot_ns + std::min(kLastLookNs, kFirstLookNs << owner->tries);
  if (owner->tries < kMaxLooks * 2) ++owner->tries;
  const ProcessIndex::Entry* init = indexes_.processes.Find(*owner->init);
  if (init == nullptr) return;
  const OwnerId plain = owner->facts.id;
  const int64_t died_boot_ns = owner->draft.died_boot_ns;  // 0: it lives
  const Process process = init->process;
  if (died_boot_ns != 0) {
    const OwnerId ended = FindInList(list, IdOf(process));
    if (ended != 0) lifecycle_.StartEnded(ended, process, died_boot_ns);
    return;
  }
  OwnerId id = indexes_.finder.AskAgain(process.cgroup, boot_ns);
  if (id == 0) id = FindInList(list, IdOf(process));
  if (id == 0) id = FindUsersInit(process, boot_ns);
  if (id != 0) {
    lifecycle_.Start(id, process, boot_ns, /*tell=*/false);
  } else if (owner = indexes_.owners.Get(plain);
             owner != nullptr && boot_ns - owner->draft.started_boot_ns > kWrittenWithinNs) {
    indexes_.plain.NameForGood(process, owner);
  }
}

void Learner::OnExit(const Event& event, const ProcessExit& exit) {
  lifecycle_.Exit(event.process, exit, event.boot_ns, event.cpu);
  indexes_.processes.Exit(event.process, event.boot_ns);
  indexes_.processes.DropDead(event.boot_ns);
}

void Learner::OnNamespaceChange(const Process& process, const NamespaceChange& change,
                                int64_t boot_ns) {
  if (change.error != 0) return;
  const bool makes = change.operation != NamespaceChange::Operation::kSetns;
  const OwnerId id = makes ? OwnerByCgroup(process, boot_ns) : 0;
  // A thread that makes namespaces, as engines written in Go do, doesn't live in them; and runtimes
  // run from memory, under whatever name (runc and crun since CVE-2019-5736).
  const bool by_engine =
      IsNamespaceMaker(process.comm) || process.tid != process.pid || change.executable.nameless;
  const Lineage maker = makes ? indexes_.processes.LineageOf(process, change.executable) : nullptr;
  for (NamespaceKind kind : kNamespaceKinds) {
    if (!change.Changed(kind)) continue;
    if (!makes) {
      indexes_.namespaces.FindOrAdd(kind, change.to[kind], boot_ns);
      continue;
    }
    NamespaceInfo* info = indexes_.namespaces.Born(kind, change.to[kind], boot_ns);
    if (info == nullptr || info->maker != nullptr) continue;
    // A scan looks at the host as it is, and may know the namespace before this record is read.
    if (info->some_process.pid == 0) {
      info->some_process = process.key();
      info->some_comm = process.comm;
      info->uid = process.uid;
    }
    info->by_engine = by_engine;
    info->maker = maker;
    if (id != 0) indexes_.namespaces.AddOwner(info, id, /*first=*/true);
  }
}

}  // namespace nsobs
