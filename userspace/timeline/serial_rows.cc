#include "userspace/timeline/serial_rows.h"

#include <algorithm>

namespace nsobs {
namespace {

bool Before(const std::pair<uint64_t, int64_t>& entry, uint64_t serial) {
  return entry.first < serial;
}

}  // namespace

void SerialRows::Add(uint64_t serial, int64_t row) {
  if (serial == 0) return;
  if (rows_.empty() || rows_.back().first < serial) {
    rows_.emplace_back(serial, row);
  } else {
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), serial, Before);
    if (at->first == serial) {
      at->second = row;
    } else {
      rows_.emplace(at, serial, row);
    }
  }
  if (rows_.size() > most_) rows_.pop_front();
}

std::optional<int64_t> SerialRows::Find(uint64_t serial) const {
  const auto at = std::lower_bound(rows_.begin(), rows_.end(), serial, Before);
  if (at == rows_.end() || at->first != serial) return std::nullopt;
  return at->second;
}

}  // namespace nsobs
