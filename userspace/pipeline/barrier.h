// A consistent view of the ledger while events keep coming.
//
// Events are counted under one of two epochs. To look, the epoch is flipped: what was counted under
// the old one does not grow any more, and once all of it has arrived (recorded, coalesced or lost)
// the books of that epoch balance. The other epoch is shown as it was when it was closed last. So
// the sum balances at every look, and an event that vanished without being counted shows up as a
// look that never balances.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "userspace/base/mutex.h"
#include "userspace/collector/probe_set.h"
#include "userspace/event/metrics_snapshot.h"
#include "userspace/pipeline/ledger.h"

namespace nsobs {

// Those that the kernel observes.
inline constexpr EventKind kKernelKinds[] = {
    EventKind::kNamespaceChange, EventKind::kConnectFailure, EventKind::kSignal,
    EventKind::kOomKill,         EventKind::kPacketDrop,     EventKind::kBindFailure,
    EventKind::kFileFailure,     EventKind::kDnsFailure};

// What of the kernel's tallies is a predecessor's: none of it ever comes to our ledger.
struct LedgerBase {
  struct Kind {
    uint64_t taken = 0;              // observed, and recorded, coalesced or lost by it
    std::array<uint64_t, 3> lost{};  // in the kernel, by cause
  };
  std::array<std::array<Kind, kEventKindEnd>, 2> kinds{};  // by epoch
  // Lost in the kernel before we began, and told by us: observed, too.
  std::array<std::map<std::string, uint64_t>, kEventKindEnd> untold{};
};

class Barrier {
 public:
  // `wake` has the rings drained at once. All outlive the barrier.
  Barrier(ProbeSet* probes, const Ledger* ledger, std::function<void()> wake);

  // A line for each kind that is told. Waits up to `timeout` for what is under way; after that the
  // view of the last look is returned and the time-out is counted. Thread-safe.
  std::vector<LedgerLine> Look(absl::Duration timeout);

  // Before the first Look().
  void set_base(const LedgerBase& base) { base_ = base; }

  uint64_t timeouts() const;

 private:
  using Lines = std::array<LedgerLine, kEventKindEnd>;
  // False while something of the closed epoch is still under way.
  bool TryClose(uint8_t epoch, Lines* out) const;
  std::vector<LedgerLine> SumLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ProbeSet* const probes_;
  const Ledger* const ledger_;
  const std::function<void()> wake_;
  const CounterReader counters_;
  LedgerBase base_;
  mutable Mutex mutex_;
  std::array<Lines, 2> closed_ ABSL_GUARDED_BY(mutex_);
  uint64_t timeouts_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace nsobs
