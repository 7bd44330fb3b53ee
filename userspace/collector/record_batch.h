// What the ring's thread hands on: raw records that become rows, and how runs of equal ones went
// on.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/collector/kernel_runs.h"
#include "userspace/collector/owner_key.h"
#include "userspace/event/event.h"

namespace nsobs {

struct RawRecord {
  int64_t boot_ns = 0;
  EventKind kind = EventKind::kSignal;
  uint8_t epoch = 0;
  uint64_t run_id = 0;  // 0: never extended
  CounterKey owner{};
  std::string bytes;
};

struct RunExtension {
  uint64_t run_id = 0;
  EventKind kind = EventKind::kSignal;
  uint64_t count = 0;  // of the whole run, with the first
  int64_t last_boot_ns = 0;
  std::array<uint64_t, 2> added{};  // since the last extension, by epoch
  CounterKey owner{};               // of the record that began it
};

// How far a batch goes: with all batches up to this one, each event before these positions of the
// rings, and of the kernel's runs as far as these books go, is in exactly one record, extension or
// loss, and none behind them is.
struct RingMark {
  uint64_t number = 0;  // rising
  uint64_t critical = 0;
  uint64_t bulk = 0;
  RunBooks books;                        // what changed since the last mark
  std::map<uint64_t, uint64_t> run_ids;  // by slot of the books: RawRecord::run_id; 0: no row
};

struct RecordBatch {
  std::vector<RawRecord> records;  // in order of time
  std::vector<RunExtension> extensions;
  std::vector<uint64_t> ended_runs;
  std::optional<RingMark> mark;

  bool empty() const {
    return records.empty() && extensions.empty() && ended_runs.empty() && !mark;
  }
};

}  // namespace nsobs
