// A host made of files: /proc, the two cgroup hierarchies and the directories of the runtimes, all
// below one temporary directory; and the records that the kernel side would send about it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "userspace/base/clock.h"
#include "userspace/correlation/correlator.h"
#include "userspace/event/event.h"

namespace nsobs {

inline constexpr uint32_t kMemoryHierarchy = 4;
inline constexpr int64_t kSecond = 1'000'000'000;

// Namespaces of the fake host: 1000 + kind. Anything else is somebody's.
NamespaceSet HostNamespaces();

struct FakeProcess {
  uint32_t pid = 0;
  uint32_t parent_pid = 1;
  uint32_t ns_pid = 0;  // 0: as pid
  uint32_t uid = 0;
  std::string comm = "sleep";
  uint64_t start_ticks = 0;                      // 0: the pid, so that it is the same each time
  std::map<NamespaceKind, uint32_t> ns = {};     // inodes that aren't the host's
  std::map<NamespaceKind, uint64_t> ns_id = {};  // ids, for records only: /proc has none
  std::string unified = "/";
  std::string memory = "/";
  std::string args = "";  // separated by blanks
  uint64_t exe = 0;       // inode of the executable, for records only; 0: not told
  bool nameless = false;  // it runs from memory
  char state = 'S';
};

// `inode` for mnt, pid, net, ipc and uts: what runtimes make by default.
std::map<NamespaceKind, uint32_t> ContainerNamespaces(uint32_t inode);

class FakeHost {
 public:
  FakeHost();
  ~FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  std::string Path(const std::string& relative) const { return root_ + "/" + relative; }
  void Write(const std::string& relative, std::string_view text) const;
  void Remove(const std::string& relative) const;
  void MakeDirectory(const std::string& relative) const;

  // In /proc, in both hierarchies.
  void Start(const FakeProcess& process) const;
  void End(uint32_t pid) const;
  // Makes the directory if needed; the id is its inode.
  CgroupKey Cgroup(const std::string& path, uint32_t hierarchy = 0) const;
  // Its id is never given again.
  void RemoveCgroup(const std::string& path) const;

  // All roots below the temporary directory: docker/data, docker/exec, podman, ctd, runc, crun,
  // netns.
  CorrelatorOptions Options() const;

  // State as the runtimes write it.
  void AddDocker(const std::string& id, const std::string& name) const;
  void AddPodman(const std::map<std::string, std::string>& name_by_id) const;
  void AddRuncState(const std::string& root, const std::string& id, const FakeProcess& init,
                    const std::string& cgroup_path) const;
  void AddCrunStatus(const std::string& id, const FakeProcess& init,
                     const std::string& cgroup_path) const;

  // Records. The process is as the kernel side sees it at `boot_ns`.
  Process ToProcess(const FakeProcess& process) const;
  Event Exec(const FakeProcess& process, int64_t boot_ns) const;
  Event Exit(const FakeProcess& process, int64_t boot_ns, int code, int signal) const;
  Event CgroupBorn(const std::string& path, int64_t boot_ns, uint32_t hierarchy = 0) const;
  // Of a cgroup that was there: remember its key before it is removed.
  static Event CgroupDied(const CgroupKey& key, const std::string& path, int64_t boot_ns);
  // `process` makes (or enters) the namespaces that it has and the host hasn't.
  Event Change(const FakeProcess& process, NamespaceChange::Operation operation,
               int64_t boot_ns) const;
  Event Connect(const FakeProcess& process, int64_t boot_ns) const;
  Event Kill(const FakeProcess& target, const FakeProcess& sender, int64_t boot_ns) const;
  Event Oom(const FakeProcess& victim, int64_t boot_ns) const;

 private:
  std::string root_;
};

// The text of a file of the fixtures folder.
std::string Fixture(const std::string& name);

// 64 digits that begin with `seed`.
std::string FullId(const std::string& seed);

}  // namespace nsobs
