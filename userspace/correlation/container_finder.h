// From a cgroup, or the first process of a container, to its owner: parses the path, asks the
// runtimes' files, keeps the answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "userspace/correlation/cgroup_index.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/owner_table.h"
#include "userspace/correlation/runtime_args.h"
#include "userspace/correlation/runtimes/list.h"
#include "userspace/correlation/user_runtimes.h"

namespace nsobs {

// Not thread-safe.
class ContainerFinder {
 public:
  // All outlive the finder.
  ContainerFinder(const RuntimeReaders* readers, UserRuntimes* users, CgroupIndex* cgroups,
                  OwnerTable* owners)
      : readers_(*readers), users_(*users), cgroups_(*cgroups), owners_(*owners) {}

  // The container that a cgroup belongs to, however deep inside; 0: the host's, or not known.
  // Reads files only the first time.
  OwnerId OwnerOf(const CgroupKey& cgroup, int64_t boot_ns);
  // Every cgroup that is known to be a container's.
  absl::flat_hash_map<CgroupKey, OwnerId> KnownOwners() const;
  // Asks again about a cgroup whose path says nothing by itself.
  OwnerId AskAgain(const CgroupKey& cgroup, int64_t boot_ns);

  // A container that a runtime's list told of, by the name that its engine has for it.
  Owner* TakeListed(const RuntimeRecord& listed);

  // A container that files of a user who isn't root tell of, whose init was found to be his.
  Owner* TakeUsers(uint32_t uid, const RuntimeRecord& record);

  // A container that a runtime's own arguments told of, and no file yet; 0 if one of that name
  // lives.
  OwnerId TakeCalled(const RuntimeCall& call);
  // The same if its process `init` is in a cgroup that bears its name; 0 if it doesn't.
  OwnerId TakeCalledIn(const RuntimeCall& call, const CgroupKey& cgroup, const ProcessId& init);

  // Looks for the name if it isn't known yet and it's time to; always with `force`. Drops the owner
  // if its cgroup turns out to bear the id of a container that lies elsewhere.
  void TryName(Owner* owner, int64_t boot_ns, bool force);

  // True if the file that holds its name has changed since. Looks at it each 200 ms at most.
  bool IsRenamed(Owner* owner, int64_t boot_ns) const;

  void ForgetUnknownCgroups();
  uint64_t version() const { return version_; }  // changes with KnownOwners()

 private:
  using PathKey = std::pair<uint32_t, std::string>;
  enum class Verdict { kNotTold, kSame, kOther };

  OwnerId Resolve(const CgroupKey& cgroup, const std::string& path, int64_t boot_ns);
  OwnerId ListedAncestor(uint32_t hierarchy, std::string_view path) const;
  Owner* TakeStrong(const CgroupPath& parsed, const CgroupKey& cgroup, int64_t boot_ns);
  Owner* TakeNested(const CgroupPath& parsed, const CgroupKey& cgroup, int64_t boot_ns);
  Owner* TakeWeak(const CgroupPath& parsed, const CgroupKey& cgroup);
  Owner* AddByPath(const CgroupPath& parsed, std::string key);

  std::string RelativePath(const std::string& controller, const std::string& path) const;
  Verdict Compare(const std::map<std::string, std::string>& paths, uint32_t hierarchy,
                  std::string_view path) const;
  void Apply(const RuntimeRecord& record, Owner* owner);
  void Attach(const CgroupKey& cgroup, Owner* owner);
  // The cgroup only pretended to be the owner's.
  void Detach(const CgroupKey& cgroup, Owner* owner);

  // The user that made the directory above `path`; 0: root, or whoever mounted the hierarchy.
  uint32_t OwnerOfPath(uint32_t hierarchy, std::string_view path) const;
  static bool IsAsked(const Owner& owner);
  std::optional<RuntimeRecord> Ask(const Owner& owner);

  const RuntimeReaders& readers_;
  UserRuntimes& users_;
  CgroupIndex& cgroups_;
  OwnerTable& owners_;
  uint64_t version_ = 0;
  absl::flat_hash_map<CgroupKey, OwnerId> by_cgroup_;  // 0: the host's
  absl::flat_hash_map<PathKey, OwnerId> by_path_;      // cgroups that a runtime's list named
};

}  // namespace nsobs
