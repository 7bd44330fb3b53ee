// Which row an event's serial became, for the snapshots and findings that point to events. Only the
// newest are known: what a snapshot names is seconds old.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace nsobs {

class SerialRows {
 public:
  explicit SerialRows(size_t most = 65536) : most_(most) {}

  // Serials come in about rising order; 0 is no serial.
  void Add(uint64_t serial, int64_t row);
  std::optional<int64_t> Find(uint64_t serial) const;
  void Clear() { rows_.clear(); }
  size_t size() const { return rows_.size(); }

 private:
  const size_t most_;
  std::deque<std::pair<uint64_t, int64_t>> rows_;  // ascending
};

}  // namespace nsobs
