// The real programs with runs switched on, and books of everything that came out of the ring's
// thread, as the timeline and the ledger keep them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/child.h"
#include "userspace/collector/probe_set.h"
#include "userspace/collector/ring_reader.h"

namespace nsobs {

struct Row {
  Event event;
  uint64_t run_id = 0;
  uint64_t count = 1;
  int64_t last_boot_ns = 0;
};

class RunRig {
 public:
  explicit RunRig(absl::Duration window, uint64_t bulk_ring_bytes = 4 << 20);
  ~RunRig();

  void StartReading();
  void SetWindow(absl::Duration window);
  void Refuse(bool refuse);  // as a full queue does

  std::vector<Row> Rows(EventKind kind, const Child& child);
  uint64_t Told(EventKind kind, const Child& child);  // the sum of their counts
  uint64_t Lost(EventKind kind);                      // of what was read
  uint64_t LostOf(EventKind kind, const Cgroup& cgroup);
  uint64_t LostInKernel(EventKind kind, const Cgroup& cgroup);
  uint64_t Count(CounterFamily family, const Cgroup& cgroup);

  // Closes the epoch: does observed = rows + counted into rows + lost come true, and stay?
  bool Balances(EventKind kind);

  ProbeSet& set() { return *set_; }

 private:
  bool Take(RecordBatch& batch);
  void Add(EventKind kind, uint8_t epoch, uint64_t count);
  uint64_t Accounted(EventKind kind, uint8_t epoch);

  std::unique_ptr<ProbeSet> set_;
  ProbeSettings settings_;
  std::unique_ptr<RingReader> reader_;
  std::mutex mutex_;
  bool refuse_ = false;
  std::vector<Row> rows_;
  std::map<std::pair<EventKind, uint8_t>, uint64_t> accounted_, lost_;
  std::map<std::pair<EventKind, uint64_t>, uint64_t> lost_by_;  // by the owner's cgroup
};

}  // namespace nsobs
