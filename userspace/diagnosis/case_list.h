// The explicit list of what is looked for, and on which occasion.
#pragma once

#include <span>
#include <string_view>

#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/record.h"

namespace nsobs {

struct CaseRow {
  std::string_view id;
  MaybeFinding (*find)(const Record&);
  std::string_view rules;     // of the triggers it is for, by blanks; "hand": asked for by a person
  std::string_view sections;  // of the record without which it can say nothing, by blanks

  bool IsFor(const Record& record) const;
};

// Among equally sure findings the earlier row comes first: the more specific one.
std::span<const CaseRow> CaseList();

}  // namespace nsobs
