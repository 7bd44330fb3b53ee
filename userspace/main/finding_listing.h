// Findings as a table or as JSON, printed bit by bit.
#pragma once

#include "userspace/main/console.h"
#include "userspace/main/json_out.h"
#include "userspace/main/table.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// How sure a finding is, as a colour: what is certainly wrong stands out.
Style StyleOfConfidence(std::string_view confidence);

class FindingListing {
 public:
  // `console` outlives the listing.
  FindingListing(OutputFormat format, const Console& console);

  void Add(const StoredFinding& finding);
  void Flush();  // prints what was added
  void Finish();
  size_t count() const { return count_; }

 private:
  const OutputFormat format_;
  const Console& console_;
  JsonWriter writer_;
  Table table_;
  size_t count_ = 0;
};

}  // namespace nsobs
