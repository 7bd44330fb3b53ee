// Whose an event is, as the kernel side knows it: what counters, losses and room in queues are kept
// by.
#pragma once

#include <cstdint>
#include <utility>

#include "absl/types/span.h"
#include "bpf/event_abi.h"
#include "userspace/event/event.h"

namespace nsobs {

// A cgroup and the namespace that matters.
struct CounterKey {
  CgroupKey cgroup;
  NamespaceIdentity ns;  // kind by family or kind of the event, see NamespaceOf()

  friend bool operator==(const CounterKey&, const CounterKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const CounterKey& k) {
    return H::combine(std::move(h), k.cgroup, k.ns);
  }
};

CounterKey ToCounterKey(const nsobs_owner_key& key);

// Of a record as it came from a ring, by the namespace that the kernel side counts its kind by
// (bpf/lib/count.h). Any bytes are safe; of what is too short, nobody: all zero.
CounterKey OwnerOfRecord(absl::Span<const uint8_t> record);

// Exec and exit of the host's processes: names come from them, and they have a bucket of their own
// (bpf/lib/emit.h), so that no limit of bulk events saves any. Any bytes are safe.
bool IsContext(absl::Span<const uint8_t> record);

}  // namespace nsobs
