#include "userspace/correlation/rootless.h"

#include "userspace/base/file.h"
#include "userspace/correlation/engine_args.h"
#include "userspace/correlation/lxc_monitor.h"
#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

constexpr size_t kProcTextCap = 64 << 10;

bool StillRuns(const std::string& proc_root, const ProcessId& id) {
  const auto text = ReadSmallFile(proc_root + "/" + std::to_string(id.pid) + "/stat", kProcTextCap);
  const auto stat = text.ok() ? ParseProcStat(*text) : std::nullopt;
  return stat && !stat->dead && stat->start_ticks == id.start_ticks;
}

// LXC of a user: its monitor is the parent of the init.
Owner* TakeLxc(Indexes* indexes, uint32_t uid, const Process& init) {
  const std::string& proc = indexes->options.proc_root;
  if (init.parent_pid <= 1 || RealUid(proc, init.parent_pid) != uid) return nullptr;
  // The list of sockets may be long: it is read only of what calls itself a monitor.
  const auto comm =
      ReadSmallFile(proc + "/" + std::to_string(init.parent_pid) + "/comm", kProcTextCap);
  if (!comm.ok() || *comm != "lxc-start\n") return nullptr;
  const auto monitor = FindLxcMonitor(proc, init.parent_pid);
  if (!monitor) return nullptr;
  RuntimeRoots roots = RuntimeRoots::None();
  roots.lxc = {monitor->lxcpath};
  indexes->users.Learn(uid, roots);
  const RuntimeReaders* readers = indexes->users.ReadersOf(uid);
  if (readers == nullptr) return nullptr;
  auto record = FindContainer(*readers, {monitor->name, "", "lxc"});
  if (!record) {
    // Its file can't be read; the socket's name is the kernel's word for whose monitor that is.
    record.emplace();
    record->runtime = "lxc";
    record->id = record->name = monitor->name;
  }
  return indexes->finder.TakeUsers(uid, *record);
}

}  // namespace

std::optional<uint32_t> RealUid(const std::string& proc_root, uint32_t pid) {
  const auto text = ReadSmallFile(proc_root + "/" + std::to_string(pid) + "/status", kProcTextCap);
  const auto status = text.ok() ? ParseProcStatus(*text) : std::nullopt;
  if (!status) return std::nullopt;
  return status->uid;
}

std::optional<ContainerUser> UserOf(const Indexes& indexes, const Process& process) {
  if (!IsForeign(process, NamespaceKind::kUser, indexes.namespaces)) return std::nullopt;
  const CorrelatorOptions& options = indexes.options;
  auto user = options.user_domain(options.proc_root, process.pid,
                                  indexes.namespaces.host()[NamespaceKind::kUser].inode);
  // What was read is that of whoever has the number now.
  if (user && !StillRuns(options.proc_root, IdOf(process))) return std::nullopt;
  return user;
}

bool MayBeInit(const Indexes& indexes, const Process& process) {
  if (IsNamespaceInit(process, indexes.namespaces)) return true;
  if (!IsForeign(process, NamespaceKind::kUser, indexes.namespaces)) return false;
  const ProcessIndex::Entry* parent = indexes.processes.FindParent(process.parent_pid, process);
  if (parent == nullptr) return false;
  const bool from_host = IsForeign(process, NamespaceKind::kPid, indexes.namespaces) &&
                         !IsForeign(parent->process, NamespaceKind::kPid, indexes.namespaces);
  return from_host || IsEngineComm(parent->process.comm);
}

OwnerId FindUsersContainer(Indexes* indexes, const Process& init, int64_t boot_ns) {
  const auto user = UserOf(*indexes, init);
  if (!user || user->uid == 0) return 0;
  const auto record = indexes->users.FindByInit(user->uid, IdOf(init), boot_ns);
  const Owner* owner = record ? indexes->finder.TakeUsers(user->uid, *record) : nullptr;
  if (owner == nullptr) owner = TakeLxc(indexes, user->uid, init);
  return owner == nullptr ? 0 : owner->facts.id;
}

void LearnUsersEngine(Indexes* indexes, const Process& process, uint32_t uid,
                      const std::vector<std::string>& args) {
  if (uid == 0 || !IsEngineComm(process.comm)) return;
  if (IsForeign(process, NamespaceKind::kPid, indexes->namespaces)) return;
  const auto cwd =
      ReadLink(indexes->options.proc_root + "/" + std::to_string(process.pid) + "/cwd");
  indexes->users.Learn(uid, ParseEngineArgs(process.comm, args, cwd.ok() ? *cwd : ""));
}

}  // namespace nsobs
