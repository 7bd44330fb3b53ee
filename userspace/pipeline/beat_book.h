// What each program saw of the heartbeat's deeds, by CPU.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "userspace/collector/beat_count.h"

namespace nsobs {

// Not thread-safe.
class BeatBook {
 public:
  using Beats = std::vector<std::optional<BeatCount>>;  // by row of ProgramTable()

  // A program is silent on a CPU where it missed as many rounds in a row: one may be missed by
  // chance.
  static constexpr uint64_t kSilentAfter = 2;

  explicit BeatBook(size_t rows) : rows_(rows) {}

  // The deeds were done on `cpu`, between `before` and `after`; those of the rows in `barred` were
  // not. What a program counted on another CPU is none that it saw here.
  void Judge(uint32_t cpu, const Beats& before, const Beats& after,
             const std::vector<size_t>& barred, int64_t now_boot_ns);
  // The round is over; it was on `cpus` (ascending), and nothing is known of others any more.
  void EndRound(const std::vector<uint32_t>& cpus);

  struct State {
    uint32_t cpus_tried = 0;          // 0: it is off, or its deed can't be done
    std::vector<uint32_t> silent_on;  // ascending
    uint64_t missed = 0;              // rounds in a row, on the CPU where it is most
    int64_t last_seen_boot_ns = 0;    // on the CPUs where it is silent; 0: none ever
  };
  State StateOf(size_t row) const;

 private:
  struct Cell {
    bool tried = false;  // in this round, or in the last one
    uint64_t missed = 0;
    int64_t last_seen_boot_ns = 0;
  };
  using Row = absl::flat_hash_map<uint32_t, Cell>;

  std::vector<Row> rows_;
};

}  // namespace nsobs
