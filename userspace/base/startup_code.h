// Memory for code that only the start of a program needed.
#pragma once

#include "absl/status/status.h"

namespace nsobs {

// Takes the pages of program text, ours and the libraries', out of this process's resident set:
// linking, relocation and the reading of a configuration touch much that is never run again. What
// is still needed comes back from the page cache with the next use, a minor fault each 64 KiB.
// Text alone: it is never written to, while pages of other private mappings may have been
// (MADV_DONTNEED in madvise(2) would undo relocations). Any thread may call it at any time.
absl::Status ReleaseStartupCode();

}  // namespace nsobs
