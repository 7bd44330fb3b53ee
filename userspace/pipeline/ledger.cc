#include "userspace/pipeline/ledger.h"

namespace nsobs {
namespace {

// The kind of a malformed record can be anything: what isn't one of ours goes to slot 0.
size_t Slot(EventKind kind) {
  const auto slot = static_cast<size_t>(kind);
  return slot < kEventKindEnd ? slot : 0;
}

}  // namespace

uint64_t LedgerEntry::Total() const {
  uint64_t total = recorded + coalesced;
  for (const auto& [cause, count] : lost) total += count;
  return total;
}

LedgerEntry& Ledger::At(EventKind kind, uint8_t epoch) { return entries_[epoch & 1][Slot(kind)]; }

void Ledger::Recorded(EventKind kind, uint8_t epoch, uint64_t count) {
  MutexLock lock(&mutex_);
  At(kind, epoch).recorded += count;
}

void Ledger::Coalesced(EventKind kind, uint8_t epoch, uint64_t count) {
  MutexLock lock(&mutex_);
  At(kind, epoch).coalesced += count;
}

void Ledger::Lost(const CounterKey& owner, EventKind kind, uint8_t epoch, const std::string& cause,
                  uint64_t count) {
  const auto of = static_cast<EventKind>(Slot(kind));
  MutexLock lock(&mutex_);
  At(kind, epoch).lost[cause] += count;
  auto found = losses_.find({owner, of, cause});
  if (found == losses_.end()) {
    const CounterKey whose = losses_.size() < kMaxOwners ? owner : CounterKey{};
    found = losses_.try_emplace({whose, of, cause}).first;
  }
  found->second += count;
}

std::vector<OwnerLoss> Ledger::Losses() const {
  MutexLock lock(&mutex_);
  std::vector<OwnerLoss> out;
  out.reserve(losses_.size());
  for (const auto& [key, count] : losses_) {
    const auto& [owner, kind, cause] = key;
    if (Slot(kind) != 0) out.push_back({owner, kind, cause, count});
  }
  return out;
}

LedgerEntry Ledger::Get(EventKind kind, uint8_t epoch) const {
  MutexLock lock(&mutex_);
  return entries_[epoch & 1][Slot(kind)];
}

}  // namespace nsobs
