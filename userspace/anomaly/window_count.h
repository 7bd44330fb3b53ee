// How many there were in the last while, in 72 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace nsobs {

// Not thread-safe. What is older than the window is forgotten in eighths of it, so the total is
// that of the last 7/8 to 8/8 of a window.
class WindowCount {
 public:
  // The total with the `n` of now. A time before the last one counts as the last one.
  uint64_t Add(int64_t now_ns, uint64_t n, int64_t window_ns) {
    const int64_t slot = now_ns / std::max<int64_t>(1, window_ns / kSlots);
    if (slot - slot_ >= kSlots) slots_.fill(0);
    for (; slot_ < slot; slot_ = std::max(slot_ + 1, slot - kSlots)) At(slot_ + 1) = 0;
    At(slot_) += n;
    uint64_t total = 0;
    for (const uint64_t count : slots_) total += count;
    return total;
  }

  void Clear() { slots_.fill(0); }

 private:
  static constexpr int64_t kSlots = 8;
  uint64_t& At(int64_t slot) { return slots_[static_cast<size_t>(slot % kSlots)]; }

  std::array<uint64_t, kSlots> slots_{};
  int64_t slot_ = 0;  // the newest
};

}  // namespace nsobs
