// Growth of runs of the kernel whose records have not been read yet: it waits for them.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "userspace/collector/kernel_runs.h"

namespace nsobs {

// Used by one thread.
class EarlyGrowth {
 public:
  // A record is on its ring before its run is open, so it comes and may be waited for, however long
  // that takes; unless a predecessor took it. So that whoever took rings over does not wait for
  // ever: `patience` is at how many looks in a row a run may be without its record. 0: at any
  // number.
  explicit EarlyGrowth(int patience) : patience_(patience) {}

  bool empty() const { return waiting_.empty(); }

  // Begins a look: what waits, oldest first, and then `newer`. What is still early is kept again.
  std::vector<RunGrowth> TakeWith(std::vector<RunGrowth> newer);

  // False: this run has been waited for long enough.
  bool Keep(const RunGrowth& growth);

 private:
  using Looks = absl::flat_hash_map<uint64_t, int>;  // by run

  int patience_;
  std::vector<RunGrowth> waiting_;
  Looks looks_, looks_before_;
};

}  // namespace nsobs
