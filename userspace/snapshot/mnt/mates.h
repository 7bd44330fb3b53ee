// Whether the other containers of the pod have a file that the target misses.
#pragma once

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// The list "exists_in" of the object "path": those of target.request->mates that have
// target.request->path, looked up below their own roots with the same care as the target's.
SectionJson ExistsIn(const Target& target, ReadNotes* notes);

}  // namespace nsobs
