// What the next daemon has to know to go on exactly where this one stopped, as words of the
// timeline that are committed with the rows that they speak of. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "userspace/collector/counter_reader.h"
#include "userspace/collector/record_batch.h"
#include "userspace/timeline/timeline.h"

namespace nsobs {

// `id`: of the loading that the mark speaks of.
void AppendMark(const std::string& id, const RingMark& mark, std::vector<TimelineFact>* out);

// That a row told all that the kernel has lost so far of this owner, kind and cause.
TimelineFact LossFact(const OwnerLoss& loss);

struct LeftMark {
  std::string id;  // "": there is none
  uint64_t critical = 0;
  uint64_t bulk = 0;
  RunBooks books;
  std::map<uint64_t, int64_t> rows;  // by slot of the books; 0: none
  std::vector<OwnerLoss> told;
};

// What isn't such a word is left out.
LeftMark ReadMark(const std::map<std::string, std::string>& facts);

}  // namespace nsobs
