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

CounterKey OwnerOfCounter(const RunBooks::CounterWords& words) {
  const auto counter = std::bit_cast<nsobs_counter_key>(words);
  return ToCounterKey({counter.cgroup_id, counter.ns_id, counter.hierarchy, counter.ns_inode});
}

void RunBooks::Add(RunBooks newer) {
  for (auto& [slot, book] : newer.slots) slots[slot] = book;
  for (auto& [key, count] : newer.counts) counts[key] = count;
}

void KernelRuns::Track() {
  MutexLock lock(&mutex_);
  tracks_ = true;
}

std::optional<RunBooks> KernelRuns::TakeChanges() {
  MutexLock lock(&mutex_);
  if (!growth_.empty()) return std::nullopt;
  RunBooks out;
  for (const size_t slot : std::exchange(changed_slots_, {})) {
    const Known& known = known_[slot];
    out.slots[slot] = {known.run, known.seen, known.counter};
  }
  for (const CounterWords& key : std::exchange(changed_counts_, {})) {
    auto it = counts_.find(key);
    out.counts[key] = it == counts_.end() ? 0 : it->second;
  }
  return out;
}

void KernelRuns::Restore(const RunBooks& books) {
  MutexLock lock(&mutex_);
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    const nsobs_run& run = slots_[slot];
    Known& known = known_[slot];
    if (auto it = books.slots.find(slot); it != books.slots.end()) {
      known = {.run = it->second.run, .seen = it->second.seen, .counter = it->second.counter};
    } else {
      known = {.run = Load(run.run), .seen = {run.base[0], run.base[1]}};
      memcpy(known.counter.data(), &run.counter, sizeof run.counter);
    }
    known.last_ns = static_cast<int64_t>(Load(run.last_ns));
  }
  for (const auto& [key, count] : books.counts) counts_[key] = count;
}

void KernelRuns::Note(uint64_t run) {
  if (SlotOf(run) >= slots_.size()) return;
  MutexLock lock(&mutex_);
  Look(SlotOf(run));
  changed_slots_.insert(SlotOf(run));
}

bool KernelRuns::Close(uint64_t run) {
  const size_t slot = SlotOf(run);
  if (slot >= slots_.size()) return true;
  MutexLock lock(&mutex_);
  // Only what is known may be closed: the kernel may then write over what belongs to it.
  Look(slot);
  if (known_[slot].run == run) __atomic_store_n(&slots_[slot].closed, run, __ATOMIC_RELEASE);
  return known_[slot].run >= run;
}

KernelRuns::Counts KernelRuns::CountsSoFar() {
  MutexLock lock(&mutex_);
  for (size_t slot = 0; slot < slots_.size(); ++slot) Look(slot);
  return counts_;
}

void KernelRuns::Forget(const CounterWords& key) {
  MutexLock lock(&mutex_);
  if (counts_.erase(key) > 0 && tracks_) changed_counts_.insert(key);
}

EventKind KernelRuns::KindOf(uint64_t run) {
  return KindOfSlot(SlotOf(run)) == NSOBS_RUN_SIGNAL ? EventKind::kSignal
                                                     : EventKind::kConnectFailure;
}

uint64_t KernelRuns::Untaken(EventKind kind, uint8_t epoch) {
  MutexLock lock(&mutex_);
  uint64_t sum = 0;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (KindOf(uint64_t{slot} << NSOBS_RUN_SLOT_SHIFT) != kind) continue;
    sum += Load(slots_[slot].counted[epoch & 1]) - known_[slot].seen[epoch & 1];
  }
  return sum;
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
    if (tracks_) changed_slots_.insert(slot);
    known.run = number;
    memcpy(known.counter.data(), &run.counter, sizeof run.counter);
    for (size_t epoch = 0; epoch < 2; ++epoch) {
      counted[epoch] = std::max(counted[epoch], base[epoch]);
    }
  }
  if (number != 0) {
    known.last_ns = static_cast<int64_t>(Load(run.last_ns));
    if (tracks_ && counted != known.seen) changed_slots_.insert(slot);
    Grow(&known, counted);
  }
}

void KernelRuns::Grow(Known* known, const std::array<uint64_t, 2>& counted) {
  const std::array<uint64_t, 2> added = {counted[0] - known->seen[0], counted[1] - known->seen[1]};
  known->seen = counted;
  if (added[0] + added[1] == 0) return;
  counts_[known->counter] += added[0] + added[1];
  if (tracks_) changed_counts_.insert(known->counter);
  growth_.push_back({known->run, added, known->last_ns, OwnerOfCounter(known->counter)});
}

}  // namespace nsobs
