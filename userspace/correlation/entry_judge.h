// Who came in: the container's own runtime or engine, or somebody else. Judged by what the kernel
// says of files and descent; no name of a process counts.
//
// What belongs to the engine of a container is told by how the container came to be: the files that
// were executed by who made its namespaces (a runtime's copy in memory counts as what it was copied
// from), and its monitor, the parent of its init. An entry is the engine's if the process that
// enters executes one of these files, or is the direct child of who made a namespace or of the
// monitor itself. That a file further up stands in both lines of ancestors says nothing: sudo, a
// shell or an interpreter may start a container now and nsenter then.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "userspace/correlation/indexes.h"
#include "userspace/event/observed_event.h"

namespace nsobs {

// Not thread-safe.
class EntryJudge {
 public:
  // `indexes` outlives this.
  explicit EntryJudge(Indexes* indexes);

  // `who` called setns() for namespaces of `target`. nullopt: that was no entry, because it failed,
  // the process is at home there, or the container is dead and being cleaned up.
  std::optional<Entry> Judge(const Process& who, const NamespaceChange& change, OwnerId target,
                             int64_t boot_ns) const;

 private:
  // A process and what it executed then: a shell may execute something else in its own place.
  struct Member {
    ProcessId id;
    Executable named;
    friend bool operator==(const Member&, const Member&) = default;
  };

  // What is known of the engine of one container.
  struct Engine {
    std::vector<Executable> makers;    // that made its namespaces
    std::vector<Executable> runtimes;  // of makers, and those that the monitor works with
    std::vector<Member> line;          // makers and their ancestors
    std::optional<ProcessId> monitor;
    OwnerId home = 0;  // the container that the engine itself is in; 0: the host
  };

  Engine EngineOf(const Owner& owner, int64_t boot_ns) const;
  void TakeMakers(const Owner& owner, int64_t boot_ns, Engine* engine) const;
  void TakeMonitor(const Owner& owner, Engine* engine) const;
  void TakeRuntimeFiles(const Owner& owner, Engine* engine) const;
  const ProcessIndex::Entry* MonitorOf(const Owner& owner) const;
  bool IsAtHome(const Process& who, const NamespaceChange& change, const Owner& owner,
                int64_t boot_ns) const;
  Entry::By Decide(const Lineage& who, const Engine& engine, OwnerId target, int64_t boot_ns) const;

  Indexes& indexes_;
  const Executable own_;  // the observer's: `nsobserver snapshot` looks, it does not come in
};

}  // namespace nsobs
