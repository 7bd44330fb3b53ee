#include "userspace/pipeline/beat_book.h"

#include <algorithm>

namespace nsobs {

void BeatBook::Judge(uint32_t cpu, const Beats& before, const Beats& after,
                     const std::vector<size_t>& barred, int64_t now_boot_ns) {
  for (size_t i = 0; i < std::min({rows_.size(), before.size(), after.size()}); ++i) {
    Cell& cell = rows_[i][cpu];
    cell.tried = before[i] && after[i] && std::ranges::find(barred, i) == barred.end();
    if (!cell.tried) continue;
    if (after[i]->count != before[i]->count && after[i]->cpu == cpu) {
      cell.missed = 0;
      cell.last_seen_boot_ns = now_boot_ns;
    } else {
      ++cell.missed;
    }
  }
}

void BeatBook::EndRound(const std::vector<uint32_t>& cpus) {
  for (Row& row : rows_) {
    absl::erase_if(
        row, [&cpus](const auto& cell) { return !std::ranges::binary_search(cpus, cell.first); });
  }
}

BeatBook::State BeatBook::StateOf(size_t row) const {
  State state;
  for (const auto& [cpu, cell] : rows_[row]) {
    if (!cell.tried) continue;
    ++state.cpus_tried;
    if (cell.missed < kSilentAfter) continue;
    state.silent_on.push_back(cpu);
    state.missed = std::max(state.missed, cell.missed);
    state.last_seen_boot_ns = std::max(state.last_seen_boot_ns, cell.last_seen_boot_ns);
  }
  std::ranges::sort(state.silent_on);
  return state;
}

}  // namespace nsobs
