// What became of every event after it left a ring: recorded, coalesced or lost, by the epoch in
// which the kernel counted it. With the kernel's own tally this gives, for a closed epoch,
//   observed = recorded + coalesced + lost{cause}
// exactly: see barrier.h.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "userspace/base/mutex.h"
#include "userspace/collector/counter_reader.h"
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
  // Causes: "queue_full", "row_lost" (the row that would have counted them), "storage_error",
  // "malformed".
  void Lost(const CounterKey& owner, EventKind kind, uint8_t epoch, const std::string& cause,
            uint64_t count);

  LedgerEntry Get(EventKind kind, uint8_t epoch) const;
  // What was lost so far, by owner, over both epochs: the sum is that of the entries. Of what was
  // made in userspace and of owners beyond the first kMaxOwners the key is all zero: nobody's.
  std::vector<OwnerLoss> Losses() const;
  static constexpr size_t kMaxOwners = 8192;  // times kinds and causes; as many as the kernel keeps

 private:
  LedgerEntry& At(EventKind kind, uint8_t epoch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::array<std::array<LedgerEntry, kEventKindEnd>, 2> entries_ ABSL_GUARDED_BY(mutex_);
  using LossKey = std::tuple<CounterKey, EventKind, std::string>;
  absl::flat_hash_map<LossKey, uint64_t> losses_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nsobs
