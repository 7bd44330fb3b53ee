// Takes in the kernel's records, in rough order of time, and keeps the indexes up with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/token_bucket.h"
#include "userspace/correlation/indexes.h"
#include "userspace/correlation/lifecycle.h"

namespace nsobs {

// Not thread-safe.
class Learner {
 public:
  // Both outlive this.
  Learner(Indexes* indexes, Lifecycle* lifecycle) : indexes_(*indexes), lifecycle_(*lifecycle) {}

  void Learn(const Event& event);

  // The container by cgroup, 0 for the host. A cgroup whose birth wasn't seen is looked up through
  // the process, if it still lives.
  OwnerId OwnerByCgroup(const Process& process, int64_t boot_ns);

  // A process of the host is in namespaces of nobody's: whose could they be? Those that an engine
  // makes are left alone until a program ran in them (`ran`): they will be a container's.
  void Settle(const Process& process, int64_t boot_ns, bool ran);

  // A plain owner whose namespaces an engine made may be a container whose state wasn't written
  // yet.
  void LookAgain(OwnerId plain, int64_t boot_ns);
  // The same for all that wait for a name, whether or not anything happens in them: one look at
  // what runtimes have written.
  void LookAgainForAll(int64_t boot_ns);

 private:
  void OnCgroup(const CgroupChange& change, int64_t boot_ns);
  void OnExec(const Process& process, const ProcessExec& exec, int64_t boot_ns);
  void OnExit(const Event& event, const ProcessExit& exit);
  void OnNamespaceChange(const Process& process, const NamespaceChange& change, int64_t boot_ns);

  void LearnEngine(const Process& process, const std::string& args);
  void NoteNamespaces(const Process& process, int64_t boot_ns);
  // The container without a cgroup of its own that begins with this process; 0 if none is on disk.
  OwnerId FindListedInit(const ProcessId& init, int64_t boot_ns);
  OwnerId FindInList(const std::vector<RuntimeRecord>& list, const ProcessId& init);
  bool MayLookAgain(const Owner* owner, int64_t boot_ns) const;
  // Is it in the list by now? Then it becomes that container.
  void LookInto(Owner* owner, const std::vector<RuntimeRecord>& list, int64_t boot_ns);
  // The same by the files of the user to whom its user namespace belongs.
  OwnerId FindUsersInit(const Process& init, int64_t boot_ns);
  // The same by the arguments of the runtime that made its pid namespace: a container may be gone
  // before its state can be read.
  OwnerId NameByMaker(const Process& init, int64_t boot_ns);
  // gVisor by itself, by the arguments of its sandbox.
  OwnerId TakeSandbox(const Process& process, const std::string& args, bool truncated);
  void RunInContainer(OwnerId id, const Process& process, int64_t boot_ns);
  void RunInPlain(const Process& process, int64_t boot_ns);

  Indexes& indexes_;
  Lifecycle& lifecycle_;
  TokenBucket list_budget_{20, 50};
  TokenBucket cgroup_budget_{100, 100};
  // Their own: users can make user namespaces as they like, and shall not use up root's.
  TokenBucket user_budget_{20, 50};
};

}  // namespace nsobs
