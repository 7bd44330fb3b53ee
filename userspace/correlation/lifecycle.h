// Beginnings and ends of containers: their init, the namespaces that are theirs through it, and the
// events that tell.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "userspace/correlation/indexes.h"

namespace nsobs {

// An event that correlation made, of an owner whose name may still be on its way.
struct MadeEvent {
  Event event;
  OwnerId owner = 0;
};

// Not thread-safe.
class Lifecycle {
 public:
  // `indexes` outlives this.
  explicit Lifecycle(Indexes* indexes) : indexes_(*indexes) {}

  // True if `process` is the one that a container without a living init begins with.
  bool IsInitOf(const Owner& owner, const Process& process) const;

  // `init` is the first process of the owner: its namespaces are the owner's from now on, except
  // those that it joined. With `tell` a container_start is made. The owner may be dropped, if its
  // cgroup turns out to be a pretence; then nothing happens.
  void Start(OwnerId owner, const Process& init, int64_t boot_ns, bool tell);

  // It turns out that this init, which has ended and was told under another name, was the owner's.
  void StartEnded(OwnerId owner, const Process& init, int64_t died_boot_ns);

  // A process ended: if it was an init, so did its container.
  void Exit(const Process& process, const ProcessExit& exit, int64_t boot_ns, uint16_t cpu);

  // At most 10,000 since the last call.
  std::vector<MadeEvent> Take();
  bool HasMade() const { return !made_.empty(); }
  // For a later Take().
  void GiveBack(MadeEvent made) { made_.push_back(std::move(made)); }

 private:
  void TakeNamespaces(Owner* owner, const Process& init, int64_t boot_ns);
  bool Joins(const NamespaceInfo& info, const Owner& owner, const Process& init) const;
  void SealNamespaces(const Owner& owner, int64_t boot_ns);
  void Tell(EventKind kind, EventDetail detail, const Process& init, OwnerId owner, int64_t boot_ns,
            uint16_t cpu);

  Indexes& indexes_;
  std::vector<MadeEvent> made_;
};

}  // namespace nsobs
