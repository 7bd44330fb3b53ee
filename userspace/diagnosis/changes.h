// What is otherwise than it was when the container became ready: section `changes` of the record.
#pragma once

#include "userspace/diagnosis/record.h"
#include "userspace/event/finding.h"

namespace nsobs {

// Adds to a finding what of the changes since the baseline explains it: the first in words to the
// summary, with who came into that namespace since, and up to three as evidence. A finding whose
// case nothing in there speaks of stays as it is.
void AddChanges(const Record& record, Finding* finding);

}  // namespace nsobs
