// The real programs, attached, and everything they tell, decoded.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "tests/bpf/support/child.h"
#include "userspace/collector/probe_set.h"
#include "userspace/collector/ring_reader.h"
#include "userspace/event/event.h"

namespace nsobs {

// Told by Probes::Settings(): the first in told_signals, SIGHUP only when it is ignored.
ProbeSettings TestSettings();

class Probes {
 public:
  // One for the whole program, so that it is loaded once; made by the first test that asks.
  static Probes& Shared();

  Probes(const ProbeOptions& options, const ProbeSettings& settings);
  ~Probes();

  // Reads the rings from here on. Without it they fill up.
  void StartDraining();

  // Waits until everything that was told before the call is here.
  void Settle();
  // Everything since the last Forget() that `wanted` says yes to, in order; settles first.
  std::vector<Event> Take(const std::function<bool(const Event&)>& wanted);
  // Of this kind, by the process that it is about.
  std::vector<Event> Of(EventKind kind, const Facts& process);
  // Waits for `count` events that `wanted` says yes to (they may come from an interrupt).
  bool Await(size_t count, const std::function<bool(const Event&)>& wanted);
  void Forget();

  // Received since the start, by epoch.
  uint64_t Received(EventKind kind, uint8_t epoch);

  ProbeSet& set() { return *set_; }
  CounterReader counters() { return set_->counters(); }

 private:
  struct MarkCount {
    uint64_t signals = 0, cgroups = 0;
  };
  MarkCount Marks();
  void OnBatch(const RecordBatch& batch);
  std::unique_ptr<ProbeSet> set_;
  std::unique_ptr<RingReader> reader_;
  std::mutex mutex_;
  std::vector<Event> events_;
  uint64_t received_[2][kEventKindEnd] = {};
  MarkCount marks_;
};

}  // namespace nsobs
