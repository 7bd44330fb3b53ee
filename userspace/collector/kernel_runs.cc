#include "userspace/collector/kernel_runs.h"

#include <string.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace nsobs {
namespace {

uint64_t Load(const __u64& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }

size_t SlotOf(uint64_t run) { return run >> NSOBS_RUN_SLOT_SHIFT; }
size_t KindOfSlot(size_t slot) { return slot / NSOBS_RUN_SLOTS % NSOBS_RUN_KINDS; }

}  // namespace

KernelRuns::KernelRuns(absl::Span<nsobs_run> slots) : slots_(slots), known_(slots.size()) {}

std::vector<RunGrowth> KernelRuns::Collect(absl::Span<const uint64_t> runs) {
  MutexLock lock(&mutex_);
  for (uint64_t run : runs) Look(SlotOf(run));
  return std::exchange(growth_, {});
}

void KernelRuns::Close(uint64_t run) {
  const size_t slot = SlotOf(run);
  if (slot >= slots_.size()) return;
  MutexLock lock(&mutex_);
  // Only what is known may be closed: the kernel may then write over what belongs to it.
  Look(slot);
  if (known_[slot].run == run) __atomic_store_n(&slots_[slot].closed, run, __ATOMIC_RELEASE);
}

KernelRuns::Counts KernelRuns::CountsSoFar() {
  MutexLock lock(&mutex_);
  for (size_t slot = 0; slot < slots_.size(); ++slot) Look(slot);
  return counts_;
}

void KernelRuns::Forget(const CounterWords& key) {
  MutexLock lock(&mutex_);
  counts_.erase(key);
}

EventKind KernelRuns::KindOf(uint64_t run) {
  return KindOfSlot(SlotOf(run)) == NSOBS_RUN_SIGNAL ? EventKind::kSignal
                                                     : EventKind::kConnectFailure;
}

uint64_t KernelRuns::Observed(nsobs_run_kind kind, uint8_t epoch) const {
  uint64_t sum = 0;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (KindOfSlot(slot) != kind) continue;
    sum += Load(slots_[slot].counted[epoch & 1]);
  }
  return sum;
}

// The counts first: if the slot's run is the same afterwards, they are all of that run.
void KernelRuns::Look(size_t slot) {
  if (slot >= slots_.size()) return;
  const nsobs_run& run = slots_[slot];
  Known& known = known_[slot];
  std::array<uint64_t, 2> counted = {Load(run.counted[0]), Load(run.counted[1])};
  const uint64_t number = Load(run.run);
  if (number != known.run) {
    // A new one: its predecessor was closed, but may have taken an event or two since.
    const std::array<uint64_t, 2> base = {run.base[0], run.base[1]};
    Grow(&known, base);
    known.run = number;
    memcpy(known.counter.data(), &run.counter, sizeof run.counter);
    for (size_t epoch = 0; epoch < 2; ++epoch) {
      counted[epoch] = std::max(counted[epoch], base[epoch]);
    }
  }
  if (number != 0) {
    known.last_ns = static_cast<int64_t>(Load(run.last_ns));
    Grow(&known, counted);
  }
}

void KernelRuns::Grow(Known* known, const std::array<uint64_t, 2>& counted) {
  const std::array<uint64_t, 2> added = {counted[0] - known->seen[0], counted[1] - known->seen[1]};
  known->seen = counted;
  if (added[0] + added[1] == 0) return;
  counts_[known->counter] += added[0] + added[1];
  const auto counter = std::bit_cast<nsobs_counter_key>(known->counter);
  growth_.push_back(
      {known->run, added, known->last_ns,
       ToCounterKey({counter.cgroup_id, counter.ns_id, counter.hierarchy, counter.ns_inode})});
}

}  // namespace nsobs
