// Reading the kernel's exact counters, in as few syscalls as the kernel allows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "userspace/collector/kernel_runs.h"
#include "userspace/collector/owner_key.h"
#include "userspace/event/event.h"

namespace nsobs {

enum class CounterFamily : uint8_t {  // numbers of enum nsobs_counter_family
  kConnectFailure = 1,
  kSignal = 2,
  kOomKill = 3,
  kNamespaceChange = 4,
  kNamespaceFailure = 5,
  kSignalTaken = 6,
  kPacketDrop = 7,
  kBindFailure = 8,
  kFileFailure = 9,
  kDnsFailure = 10,
  kDnsAnswer = 11,
};

// Of which kind CounterKey::ns is.
NamespaceKind NamespaceOf(CounterFamily family);

struct Counter {
  CounterFamily family = CounterFamily::kSignal;
  bool overflow = false;  // the map was full: `key` says nothing
  CounterKey key;
  uint16_t a = 0;  // see enum nsobs_counter_family
  uint32_t b = 0;
  uint64_t value = 0;
};

struct TcpCounter {
  bool overflow = false;
  CounterKey key;  // ns: net
  uint64_t attempts = 0;
  uint64_t established = 0;
  uint64_t failed = 0;
  uint64_t abandoned = 0;
};

// What one owner lost so far. Cause: in the kernel "ring_full", "budget", "state_full"; those of
// userspace: pipeline/ledger.h.
struct OwnerLoss {
  CounterKey key;
  EventKind kind = EventKind::kSignal;
  std::string cause;
  uint64_t value = 0;
};

// Of which kind OwnerLoss::key.ns is.
NamespaceKind NamespaceOf(EventKind kind);

struct KernelCounters {
  std::vector<Counter> counters;
  std::vector<TcpCounter> tcp;
  std::vector<OwnerLoss> losses;
  uint64_t keys = 0;  // used entries of the counter map
  uint64_t capacity = 0;
};

// What the kernel decided to tell, and what of it did not get on a ring.
struct KernelTally {
  uint64_t observed = 0;
  std::array<uint64_t, 3> lost{};  // by enum nsobs_lost_cause
  uint64_t LostTotal() const { return lost[0] + lost[1] + lost[2]; }
};
const char* LostCauseName(size_t cause);

struct CounterMapFds {
  int counters = -1;
  int overflow = -1;
  int tcp = -1;
  int tcp_overflow = -1;
  int losses = -1;
  int tallies = -1;
};

// Reads maps by fd, and the runs that the kernel counts apart (both owned by ProbeSet).
// Thread-safe: keeps no state.
class CounterReader {
 public:
  CounterReader(CounterMapFds fds, KernelRuns* runs) : fds_(fds), runs_(runs) {}

  absl::StatusOr<KernelCounters> Read() const;
  absl::StatusOr<std::vector<OwnerLoss>> ReadLosses() const;
  absl::StatusOr<KernelTally> ReadTally(uint8_t epoch, EventKind kind) const;
  // Forgets the counters of owners that are gone and were shown; missing keys are fine.
  void Delete(absl::Span<const Counter> counters, absl::Span<const TcpCounter> tcp) const;

 private:
  CounterMapFds fds_;
  KernelRuns* runs_;
};

}  // namespace nsobs
