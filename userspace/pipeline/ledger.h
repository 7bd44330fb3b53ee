// What became of every event after it left a ring: recorded, coalesced or lost, by the epoch in
// which the kernel counted it. With the kernel's own tally this gives, for a closed epoch,
//   observed = recorded + coalesced + lost{cause}
// exactly: see barrier.h.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "userspace/base/mutex.h"
#include "userspace/event/event.h"

namespace nsobs {

struct LedgerEntry {
  uint64_t recorded = 0;
  uint64_t coalesced = 0;
  std::map<std::string, uint64_t> lost;  // by cause

  uint64_t Total() const;
};

// Thread-safe.
class Ledger {
 public:
  void Recorded(EventKind kind, uint8_t epoch, uint64_t count);
  void Coalesced(EventKind kind, uint8_t epoch, uint64_t count);
  void Lost(EventKind kind, uint8_t epoch, const std::string& cause, uint64_t count);

  LedgerEntry Get(EventKind kind, uint8_t epoch) const;

 private:
  LedgerEntry& At(EventKind kind, uint8_t epoch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::array<std::array<LedgerEntry, kEventKindEnd>, 2> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
