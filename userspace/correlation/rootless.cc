#include "userspace/correlation/rootless.h"

#include "userspace/base/file.h"
#include "userspace/correlation/engine_args.h"
#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

constexpr size_t kProcTextCap = 64 << 10;

bool StillRuns(const std::string& proc_root, const ProcessId& id) {
  const auto text = ReadSmallFile(proc_root + "/" + std::to_string(id.pid) + "/stat", kProcTextCap);
  const auto stat = text.ok() ? ParseProcStat(*text) : std::nullopt;
  return stat && !stat->dead && stat->start_ticks == id.start_ticks;
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

OwnerId FindUsersContainer(Indexes* indexes, const Process& init, int64_t boot_ns) {
  const auto user = UserOf(*indexes, init);
  if (!user || user->uid == 0) return 0;
  const auto record = indexes->users.FindByInit(user->uid, IdOf(init), boot_ns);
  const Owner* owner = record ? indexes->finder.TakeUsers(user->uid, *record) : nullptr;
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
