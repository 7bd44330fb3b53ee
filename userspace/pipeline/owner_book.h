// Whose each kernel counter is, for as long as the kernel has it: also when the container is dead
// and its tombstone gone, since a count must never fall to somebody else.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "userspace/collector/counter_reader.h"
#include "userspace/event/container.h"

namespace nsobs {

// Whose a counter is right now; nullptr: the host, or not known (yet, or any more).
using FindCounterOwner = std::function<ContainerRef(const CounterKey&, NamespaceKind)>;

struct CounterWhose {
  enum class State {
    kKnown,
    kHosts,
    kNotYet,   // a namespace that is not the host's; who it belongs to may be found in a moment
    kNobodys,  // that did not happen; it stays so, since what was shown can't be taken back
  };
  State state = State::kHosts;
  ContainerRef container;  // kKnown
};

// Not thread-safe.
class OwnerBook {
 public:
  // Counters of the dead are kept `keep_dead`: late outcomes still find them.
  explicit OwnerBook(absl::Duration keep_dead) : keep_dead_(keep_dead) {}

  // The owner that `find` gives, else the one that it gave before. `is_hosts`: whether the
  // namespace is the host's own; asked only if there is no owner.
  CounterWhose WhoseIs(const CounterKey& key, NamespaceKind kind, const FindCounterOwner& find,
                       const std::function<bool()>& is_hosts, int64_t now_boot_ns);
  // Nobody will be found for it.
  void SetNobodys(const CounterKey& key, NamespaceKind kind);

  struct Gone {
    std::vector<Counter> counters;
    std::vector<TcpCounter> tcp;
  };
  // Which of `counters` may be deleted: their owner is dead for long enough, and was so already at
  // the call before, so that everything was shown. Call it after OwnerOf() for all of them. All of
  // an owner's go together; a connect in flight holds them back.
  Gone TakeGone(const KernelCounters& counters, int64_t now_boot_ns);

 private:
  using Key = std::pair<CounterKey, NamespaceKind>;
  struct Entry {
    ContainerRef container;  // never nullptr
    bool found = false;      // by the last OwnerOf()
    int64_t missed_boot_ns = 0;
    bool was_over = false;
  };
  bool IsOver(Entry* entry, int64_t now_boot_ns) const;

  const absl::Duration keep_dead_;
  absl::flat_hash_map<Key, Entry> owners_;
  absl::flat_hash_map<Key, int64_t> strangers_;  // until when somebody may be found; 0: nobody is
};

}  // namespace nsobs
